import java.security.MessageDigest;
import java.security.SecureRandom;
import java.util.Random;
import javax.crypto.Cipher;
import javax.servlet.http.Cookie;
import javax.servlet.http.HttpServletResponse;

class Weak {
    void hashes() throws Exception {
        MessageDigest.getInstance("MD5"); // finds C weak-hash
        MessageDigest.getInstance("sha-1", "SUN"); // finds C weak-hash
        MessageDigest.getInstance("SHA-256");
        String name = "MD5";
        MessageDigest.getInstance(name); // finds C weak-hash
    }

    void ciphers() throws Exception {
        Cipher.getInstance("DES/CBC/PKCS5Padding"); // finds C weak-cipher
        Cipher.getInstance("AES/ECB/PKCS5Padding"); // finds C weak-cipher
        Cipher.getInstance("AES"); // finds C weak-cipher
        Cipher.getInstance("AES/GCM/NoPadding");
        Cipher.getInstance("RSA/ECB/OAEPWithSHA-256AndMGF1Padding");
    }

    void numbers() throws Exception {
        new Random().nextInt(); // finds C weak-random
        Math.random(); // finds C weak-random
        new SecureRandom().nextInt();
        Random strong = SecureRandom.getInstance("SHA1PRNG");
        strong.nextInt();
    }

    void cookies(HttpServletResponse response) {
        Cookie open = new Cookie("a", "b");
        open.setSecure(false); // finds B cookie-without-secure
        response.addCookie(open);
        Cookie forgotten = new Cookie("a", "b");
        response.addCookie(forgotten); // finds B cookie-without-secure
        Cookie cleared = new Cookie("a", "");
        cleared.setMaxAge(0);
        response.addCookie(cleared);
        Cookie closed = new Cookie("a", "b");
        closed.setSecure(true);
        closed.setHttpOnly(true);
        response.addCookie(closed);
    }
}
