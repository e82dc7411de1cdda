package org.example.shop;

import java.util.List;
import org.springframework.jdbc.core.JdbcTemplate;

public class OrderStore implements OrderService {
    private final JdbcTemplate template;

    OrderStore(JdbcTemplate template) {
        this.template = template;
    }

    public List<String> find(String name) {
        return template.queryForList("SELECT name FROM orders WHERE name = '" + name + "'", String.class); // finds A sql-injection
    }

    public String one(long id) {
        return template.queryForObject("SELECT name FROM orders WHERE id = " + id, String.class);
    }

    public List<String> sorted(String column) {
        return template.queryForList("SELECT name FROM orders ORDER BY " + column, String.class); // finds B sql-injection
    }

    public void add(Order order) {
        template.update("INSERT INTO orders (name) VALUES ('" + order.getName() + "')"); // finds A sql-injection
    }
}
