//! What Java becomes.

use crate::SourceFile;
use crate::taint::show;

fn lowered(text: &str) -> String {
    let file = SourceFile::of_text("A.java", text);
    show::module(&super::lower(&file).expect("a tree"))
}

#[test]
fn classes_go_by_their_simple_names() {
    let text = r#"
package a.b;
import java.io.File;
import static java.util.Objects.requireNonNull;
import a.b.helpers.Db;
@WebServlet(value = "/x", name = "n")
public class A extends HttpServlet implements I {
  private static final String K = "k";
  @Override
  public void doGet(HttpServletRequest request, final String... more) throws IOException {
    java.io.File f = new java.io.File(K + request.getParameter("f"), "x");
    a.b.other.Tool.run(f);
    Db.query("a" + 1 + (String) b);
    int n = (int) x;
  }
}
"#;
    assert_eq!(
        lowered(text),
        "\
import a.b.helpers.Db Db as Db
import a.b.other.Tool Tool as Tool
import HttpServlet HttpServlet as HttpServlet
import HttpServletRequest HttpServletRequest as HttpServletRequest
class A [\"HttpServlet\", \"I\"] [\"WebServlet(value=\\\"/x\\\", name=\\\"n\\\")\"]
  K = \"k\"
  function doGet(request: HttpServletRequest, more)
    f = new File(concat(K, request.getParameter(\"f\")), \"x\") as File
    Tool.run(f)
    Db.query(concat(\"a\", 1, b))
    n = x as int as int
"
    );
}

#[test]
fn statements_keep_their_shape() {
    let text = r#"
class A { static String f(String p) {
  String bar;
  switch (p.charAt(1)) { case 'A': bar = p; break; case 'B': case 'C': bar = "x"; default: return p; }
  switch (k) { case 1 -> g(); default -> { h(); } }
  for (int i = 0; i < n; i++) { l.add(i); }
  for (String s : list) s.trim();
  try (Reader r = open(p)) { r.read(); } catch (IOException | E e) { log(e); } finally { end(); }
  if (a) b(); else if (c) d(); else { e(); }
  synchronized (this) { bar += p; }
  items.forEach(x -> run(x)); items.map((a, b) -> { return a; });
  new Thread(new Runnable() { public void run() { go(p); } }).start();
  String[] args = new String[] { "sh", p };
  return a ? b[0] : c.length;
} }
"#;
    assert_eq!(
        lowered(text),
        "\
import Reader Reader as Reader
class A [] []
  function f(p: String)
    match p.charAt(1) [false, true, true, false]
      bar = p
      bar = \"x\"
      return p
    match k [false, false]
      g()
      h()
    i = 0 as int
    while i Less n
      l.add(i)
      opaque(i)
    for s in list
      s.trim()
    Try
      r = open(p) as Reader
      r.read()
      log(e)
      end()
    if a
      b()
      if c
        d()
        e()
    bar = concat(bar, p)
    items.forEach(lambda(x) { return run(x) })
    items.map(lambda(a, b) { return a })
    new Thread(new Runnable(lambda() { go(p) })).start()
    args = [\"sh\", p]
    return if a then b[0] else c.length
"
    );
}
