package org.example.shop;

import java.util.List;

public interface OrderService {
    List<String> find(String name);

    String one(long id);

    List<String> sorted(String column);

    void add(Order order);
}
