package org.example.shop;

public class Order {
    private String name;

    public String getName() {
        return name;
    }
}
