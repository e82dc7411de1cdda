package org.example.shop.web;

import java.io.File;
import javax.servlet.http.HttpServletRequest;
import org.example.shop.Given;

class Audit {
    File trail(HttpServletRequest request) {
        Given given = new Given(request);
        File kept = new File("/srv/audit/" + given.fixed());
        return new File("/srv/audit/" + given.name()); // finds A path-traversal
    }
}
