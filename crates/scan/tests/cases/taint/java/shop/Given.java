package org.example.shop;

import javax.servlet.http.HttpServletRequest;

public class Given {
    private HttpServletRequest request;

    public Given(HttpServletRequest request) {
        this.request = request;
    }

    public String name() {
        return request.getParameter("name");
    }

    public String fixed() {
        return "fixed";
    }
}
