package org.example.shop;

import java.util.List;
import org.springframework.ui.Model;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.PathVariable;
import org.springframework.web.bind.annotation.PostMapping;
import org.springframework.web.bind.annotation.RequestBody;
import org.springframework.web.bind.annotation.RequestParam;
import org.springframework.web.bind.annotation.RestController;

@RestController
public class OrderController {
    private final OrderService service;

    public OrderController(OrderService service) {
        this.service = service;
    }

    @GetMapping("/orders")
    List<String> find(@RequestParam String name, Model model) {
        return service.find(name);
    }

    @GetMapping("/orders/{id}")
    String one(@PathVariable long id) {
        return service.one(id);
    }

    @PostMapping("/orders")
    void add(@RequestBody Order order) {
        service.add(order);
    }

    @GetMapping("/sorted")
    List<String> sorted(@RequestParam String by) {
        return service.sorted(Columns.checked(by));
    }
}
