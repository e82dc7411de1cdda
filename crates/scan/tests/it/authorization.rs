//! Routes without their siblings' guard, and objects of anybody.

use dam_scan::{
    Authorization, Confidence, Detector, Entry, Finding, Settings, Severity, scan_files,
};

fn scan(files: &[(&str, &str)]) -> Vec<Finding> {
    let files = files
        .iter()
        .map(|(path, text)| Entry::of_bytes(*path, text.as_bytes().to_vec()))
        .collect();
    let detectors: Vec<Box<dyn Detector>> = vec![Box::new(Authorization)];
    scan_files(files, &detectors, &Settings::default()).findings
}

fn rules(findings: &[Finding]) -> Vec<(&str, u32)> {
    findings
        .iter()
        .map(|finding| (&*finding.rule, finding.line))
        .collect()
}

const EXPRESS: &str = "
const router = require('express').Router();
const { requireAuth } = require('./auth');
router.get('/orders', requireAuth, (req, res) => res.json(all(req.user)));
router.post('/orders', requireAuth, (req, res) => res.json(make(req.user)));
router.put('/orders/:id', requireAuth, (req, res) => res.json(set(req.user)));
router.get('/invoices', requireAuth, (req, res) => res.json(list(req.user)));
router.get('/items', [requireAuth], (req, res) => res.json(list(req.user)));
router.delete('/orders/:id', (req, res) => { remove(req.params.id); res.end(); });
router.post('/login', (req, res) => res.json(login(req.body)));
module.exports = router;
";

#[test]
fn the_one_without_its_siblings_guard_is_told() {
    let findings = scan(&[("routes/orders.js", EXPRESS)]);
    assert_eq!(rules(&findings), [("missing-authorization", 9)]);
    let found = &findings[0];
    assert_eq!(found.severity, Severity::High);
    assert_eq!(found.confidence, Confidence::A);
    assert!(
        found.message.contains("5 of 5 other routes"),
        "{}",
        found.message
    );
    assert!(found.message.contains("`requireAuth`"), "{}", found.message);
    assert_eq!(found.steps.len(), 3);
}

#[test]
fn nothing_is_told_where_the_guard_stands_elsewhere() {
    // In front of all that comes after it.
    let used = EXPRESS
        .replace(" requireAuth,", "")
        .replace(" [requireAuth],", "")
        .replace("Router();", "Router();\nrouter.use(requireAuth);");
    assert_eq!(rules(&scan(&[("routes/orders.js", &used)])), []);
    // In the handler itself.
    let inside = EXPRESS.replace(
        "{ remove",
        "{ if (!req.session.user) return res.status(401).end(); remove",
    );
    assert_eq!(rules(&scan(&[("routes/orders.js", &inside)])), []);
    // In tests there is nothing to guard.
    assert_eq!(rules(&scan(&[("test/orders.test.js", EXPRESS)])), []);
    // Where most have none, none is missing.
    let few = EXPRESS
        .replace(" requireAuth,", "")
        .replace("req.user", "req.body");
    assert_eq!(rules(&scan(&[("routes/orders.js", &few)])), []);
}

#[test]
fn an_object_that_anybody_can_name_is_told() {
    let text = "
const router = require('express').Router();
router.get('/a', isLoggedIn, (req, res) => list(req.user));
router.get('/b', isLoggedIn, (req, res) => list(req.user));
router.get('/c', isLoggedIn, (req, res) => list(req.user));
router.get('/orders/:id', isLoggedIn, async (req, res) => {
  const order = await Order.findById(req.params.id);
  res.json(order);
});
router.get('/own/:id', isLoggedIn, async (req, res) => {
  res.json(await Order.findOne({ _id: req.params.id, owner: req.user.id }));
});
router.get('/checked/:id', isLoggedIn, async (req, res) => {
  const order = await Order.findById(req.params.id);
  if (order.owner !== req.user.id) return res.sendStatus(403);
  res.json(order);
});
router.get('/any/:id', isLoggedIn, isAdmin, async (req, res) => {
  res.json(await Order.findById(req.params.id));
});
";
    let findings = scan(&[("routes/orders.js", text)]);
    assert_eq!(rules(&findings), [("object-not-owned", 7)]);
    assert!(
        findings[0].message.contains("`Order.findById`"),
        "{}",
        findings[0].message
    );
}

#[test]
fn handlers_in_other_files_are_found_by_their_names() {
    let routes = "
const c = require('./controller');
app.get('/a', c.a); app.get('/b', c.b); app.get('/c', c.c); app.post('/d', c.d);
";
    let controller = "
exports.a = (req, res) => { if (!req.session.user) return res.status(401).end(); };
exports.b = (req, res) => { if (!req.session.user) return res.status(401).end(); };
exports.c = (req, res) => { if (!req.session.user) return res.status(403).end(); };
exports.d = (req, res) => { write(req.body); };
";
    let files = [("app.js", routes), ("controller.js", controller)];
    let findings = scan(&files);
    assert_eq!(rules(&findings), []);
    // A guard of the project's own, known by what it does.
    let guarded = routes
        .replace("', c.", "', check, c.")
        .replace("check, c.d", "c.d");
    let check =
        "function check(req, res, next) { if (!ok(req)) return res.sendStatus(401); next(); }";
    let files = [
        ("app.js", guarded.as_str()),
        ("check.js", check),
        (
            "controller.js",
            "exports.d = (req, res) => { write(req.body); };",
        ),
    ];
    assert_eq!(rules(&scan(&files)), [("missing-authorization", 1)]);
}

#[test]
fn nest_and_spring_are_read() {
    let nest = "
@Controller('cats') export class Cats {
  @Get('a') @UseGuards(JwtAuthGuard) a() {}
  @Get('b') @UseGuards(JwtAuthGuard) b() {}
  @Post('c') @UseGuards(JwtAuthGuard) c() {}
  @Delete(':id') d(@Param('id') id: string) { return remove(id); }
}
";
    assert_eq!(
        rules(&scan(&[("cats.ts", nest)])),
        [("missing-authorization", 6)]
    );
    let spring = r#"
@RestController @RequestMapping("/cats")
class Cats {
  @PreAuthorize("isAuthenticated()") @GetMapping("/a") String a() { return ""; }
  @PreAuthorize("isAuthenticated()") @GetMapping("/b") String b() { return ""; }
  @Secured("USER") @PostMapping("/c") String c() { return ""; }
  @DeleteMapping("/{id}") void d(@PathVariable String id) { remove(id); }
}
"#;
    assert_eq!(
        rules(&scan(&[("Cats.java", spring)])),
        [("missing-authorization", 7)]
    );
}

#[test]
fn flask_fastapi_and_django_are_read() {
    let flask = "
from flask import Blueprint, session, abort
from .auth import login_required
bp = Blueprint('orders', __name__)
@bp.route('/orders')
@login_required
def orders(): return all_of(session['user'])
@bp.route('/orders', methods=['POST'])
@login_required
def make(): return made()
@bp.get('/items')
@login_required
def items(): return some()
@bp.route('/orders/<order_id>', methods=['DELETE'])
def remove(order_id): return removed(order_id)
@bp.route('/mine')
def mine():
    if 'user' not in session: abort(401)
    return own()
";
    assert_eq!(
        rules(&scan(&[("orders.py", flask)])),
        [("missing-authorization", 15)]
    );
    let fastapi = "
from fastapi import APIRouter, Depends
router = APIRouter()
@router.get('/a')
def a(user=Depends(get_current_user)): return user
@router.get('/b', dependencies=[Depends(get_current_user)])
def b(): return 1
@router.post('/c')
def c(user=Depends(get_current_user)): return user
@router.delete('/d/{item_id}')
def d(item_id: int): return removed(item_id)
";
    assert_eq!(
        rules(&scan(&[("api.py", fastapi)])),
        [("missing-authorization", 11)]
    );
    let guarded = fastapi.replace(
        "APIRouter()",
        "APIRouter(dependencies=[Depends(get_current_user)])",
    );
    assert_eq!(rules(&scan(&[("api.py", &guarded)])), []);
    let urls = "
from django.urls import path
from . import views
urlpatterns = [path('a/', views.a), path('b/', views.b), path('c/', login_required(views.c)),
  path('d/<int:pk>/', views.d), path('e/', views.E.as_view())]
";
    let views = "
@login_required
def a(request): return page(request)
@login_required
def b(request): return page(request)
def c(request): return page(request)
def d(request, pk): return removed(pk)
class E(LoginRequiredMixin, View):
    def get(self, request): return page(request)
";
    let files = [("urls.py", urls), ("views.py", views)];
    assert_eq!(rules(&scan(&files)), [("missing-authorization", 7)]);
}
