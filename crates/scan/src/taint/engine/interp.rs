//! The interpreter: goes through functions with what is known of values.
//!
//! Every function is gone through once for itself, with parameters that a
//! stranger may choose, and again inside of each that calls it, with what it
//! is called with. Caps bound both: [`FUEL`] for one function with all that it
//! calls, [`MAX_CALLS`] and [`MAX_DEEP`] for how deep that goes.

use std::collections::{BTreeMap, BTreeSet, HashMap, VecDeque};
use std::rc::Rc;

use crate::taint::catalogue::Profile;
use crate::taint::ir::{Expr, Function, ParamKind, Span, Stmt, StmtKind};

use super::program::Program;
use super::report::{Hit, HitKey};
use super::route::Route;
use super::state::{Heap, State, Vars};
use super::value::{ClassValue, Closure, Object, ObjectId, Outer, Shape, Taint, Taints, Value};
use crate::taint::kind::Kinds;

/// Statements and expressions for one function and all that it calls.
const FUEL: u32 = 40_000;
/// Functions called in functions.
const MAX_CALLS: usize = 6;
/// Statements and expressions in each other, over all functions.
const MAX_DEEP: u32 = 200;
/// Objects in the heap.
const MAX_OBJECTS: u32 = 4_000;
/// Steps that are remembered.
const MAX_STEPS: usize = 40_000;

/// Goes through the functions of one module.
pub(super) struct Interp<'a> {
    pub program: &'a Program,
    pub profile: &'a Profile,
    pub frame: Frame<'a>,
    pub sources: Vec<Source>,
    pub steps: Vec<StepNode>,
    pub hits: BTreeMap<HitKey, Hit>,
    /// Functions that were not gone through in full.
    pub capped: BTreeMap<u32, String>,
    /// Functions that are registered for a path by a call.
    pub registered: BTreeSet<*const Function>,
    /// Names of constants that were reported, once for each function.
    pub credentials: BTreeSet<(usize, Option<Span>, String)>,
    /// What the last call of this expression says of its arguments.
    pub outcomes: HashMap<*const Expr, Vec<super::guard::Outcome<'a>>>,
    /// The module whose heap is in use.
    base: usize,
    fuel: u32,
    deep: u32,
    /// Whether a cap was hit in the present function.
    cut: bool,
    next_object: u32,
    calls: Vec<*const Function>,
    envs: HashMap<usize, Rc<Env<'a>>>,
    source_places: HashMap<(usize, Span, Tier), u32>,
    /// Whether findings are kept: not while another module is loaded.
    quiet: bool,
    /// What is known of a program in JavaScript.
    pub script: super::javascript::Script,
    pub methods: super::javascript::Methods<'a>,
    /// The function that is called where it stands.
    pub keep_inner: Option<*const Function>,
}

/// What a module binds.
#[derive(Debug, Default)]
pub(super) struct Env<'a> {
    pub vars: Vars<'a>,
    pub heap: Heap<'a>,
}

/// A function that is gone through.
#[derive(Default)]
pub(super) struct Frame<'a> {
    pub module: usize,
    pub outer: Option<Rc<Outer<'a>>>,
    pub class: Option<Rc<ClassValue<'a>>>,
    pub function: Option<&'a Function>,
    pub is_module: bool,
    pub loops: Vec<Loop<'a>>,
    pub returned: Vec<(Value<'a>, State<'a>)>,
    pub yielded: Taints,
    pub raised: Vec<State<'a>>,
    pub defined: Vec<Rc<Closure<'a>>>,
    /// The same, of functions that came to an end: they keep their own scope.
    pub scoped: Vec<Rc<Closure<'a>>>,
    pub classes: Vec<Rc<ClassValue<'a>>>,
    pub route: Option<Route>,
}

/// A loop that is gone through.
pub(super) struct Loop<'a> {
    pub breaks: State<'a>,
    pub continues: State<'a>,
}

/// Where data comes from.
#[derive(Clone, Debug)]
pub(super) struct Source {
    pub tier: Tier,
    pub what: String,
    pub module: usize,
    pub span: Span,
}

/// How sure it is that a stranger chooses it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Tier {
    /// Nothing is known of it.
    Unknown,
    /// A parameter of a function that others may call.
    Weak,
    /// A framework hands it over as it came in.
    Strong,
}

/// A step on the way of data.
#[derive(Clone, Debug)]
pub(super) struct StepNode {
    pub before: Option<u32>,
    pub module: usize,
    pub line: u32,
    pub what: String,
}

/// A function to go through, and in which surroundings.
struct Entry<'a> {
    closure: Rc<Closure<'a>>,
    heap: Heap<'a>,
}

impl<'a> Interp<'a> {
    pub fn new(program: &'a Program, module: usize) -> Self {
        Self {
            program,
            profile: program.profile(module),
            frame: Frame::default(),
            sources: Vec::new(),
            steps: Vec::new(),
            hits: BTreeMap::new(),
            capped: BTreeMap::new(),
            registered: BTreeSet::new(),
            credentials: BTreeSet::new(),
            outcomes: HashMap::new(),
            base: module,
            fuel: FUEL,
            deep: 0,
            cut: false,
            next_object: 0,
            calls: Vec::new(),
            envs: HashMap::new(),
            source_places: HashMap::new(),
            quiet: false,
            script: super::javascript::Script::default(),
            methods: HashMap::new(),
            keep_inner: None,
        }
    }

    /// Goes through the module and every function in it.
    pub fn run(&mut self) {
        let module = self.base;
        let (env, frame) = self.load(module);
        self.envs.insert(module, Rc::clone(&env));
        let mut queue = VecDeque::new();
        self.enqueue(&frame, &env.vars, &env.heap, &mut queue);
        while let Some(entry) = queue.pop_front() {
            self.run_entry(&entry, &env, &mut queue);
        }
        if self.is_script() {
            self.check_prototypes(module);
        }
    }

    /// Puts the functions that a frame has defined in line.
    fn enqueue(
        &mut self,
        frame: &Frame<'a>,
        vars: &Vars<'a>,
        heap: &Heap<'a>,
        queue: &mut VecDeque<Entry<'a>>,
    ) {
        let outer = if frame.is_module {
            None
        } else {
            Some(Rc::new(Outer {
                vars: vars.clone(),
                outer: frame.outer.clone(),
            }))
        };
        for closure in &frame.defined {
            let closure = Rc::new(Closure {
                outer: outer.clone(),
                ..(**closure).clone()
            });
            queue.push_back(Entry {
                closure,
                heap: heap.clone(),
            });
        }
        for closure in &frame.scoped {
            queue.push_back(Entry {
                closure: Rc::clone(closure),
                heap: heap.clone(),
            });
        }
        for class in &frame.classes {
            self.enqueue_methods(class, heap, queue);
        }
    }

    fn enqueue_methods(
        &mut self,
        class: &Rc<ClassValue<'a>>,
        heap: &Heap<'a>,
        queue: &mut VecDeque<Entry<'a>>,
    ) {
        self.refuel(heap);
        let mut state = State {
            heap: heap.clone(),
            ..State::default()
        };
        let receiver = self.fresh_instance(class, &mut state);
        for method in methods(class.class) {
            let closure = Rc::new(Closure {
                function: method,
                module: class.module,
                outer: class.outer.clone(),
                class: Some(Rc::clone(class)),
                receiver: Some(receiver.clone()),
            });
            queue.push_back(Entry {
                closure,
                heap: state.heap.clone(),
            });
        }
    }

    /// An instance as its constructor leaves it, called by anybody.
    fn fresh_instance(&mut self, class: &Rc<ClassValue<'a>>, state: &mut State<'a>) -> Value<'a> {
        let receiver = self.instance_of(class, state);
        let constructor =
            methods(class.class).find(|method| *method.name == *self.profile.constructor);
        if let Some(constructor) = constructor {
            let closure = Rc::new(Closure {
                function: constructor,
                module: class.module,
                outer: class.outer.clone(),
                class: Some(Rc::clone(class)),
                receiver: Some(receiver.clone()),
            });
            let was_quiet = std::mem::replace(&mut self.quiet, true);
            let frame = self.enter(&closure, None);
            let mut inside = State {
                heap: std::mem::take(&mut state.heap),
                ..State::default()
            };
            self.bind_entry(&closure, &mut inside);
            self.exec_all(&constructor.body, &mut inside);
            let left = self.leave(frame);
            for (_, returned) in left.returned {
                inside.join(returned);
            }
            state.heap = inside.heap;
            self.quiet = was_quiet;
        }
        receiver
    }

    fn run_entry(&mut self, entry: &Entry<'a>, env: &Rc<Env<'a>>, queue: &mut VecDeque<Entry<'a>>) {
        let heap = if entry.heap.len() == 0 {
            &env.heap
        } else {
            &entry.heap
        };
        self.refuel(heap);
        let closure = &entry.closure;
        let mut state = State {
            heap: heap.clone(),
            ..State::default()
        };
        let route = Route::of(self, closure, &mut state);
        let outside = self.enter(closure, route);
        self.bind_entry(closure, &mut state);
        self.exec_all(&closure.function.body, &mut state);
        let mut left = self.leave(outside);
        for (_, returned) in std::mem::take(&mut left.returned) {
            state.join(returned);
        }
        if self.cut {
            self.capped.insert(
                closure.function.span.line,
                closure.function.name.to_string(),
            );
        }
        if !left.defined.is_empty() || !left.scoped.is_empty() || !left.classes.is_empty() {
            // Nothing came to an end: what was defined is known by name still.
            self.enqueue(&left, &state.vars, &state.heap, queue);
        }
    }

    /// Binds parameters to what anybody may pass.
    fn bind_entry(&mut self, closure: &Rc<Closure<'a>>, state: &mut State<'a>) {
        let function = closure.function;
        let mut params = function.params.iter();
        if let Some(receiver) = &closure.receiver
            && closure.class.is_some()
        {
            if let Some(name) = &function.receiver {
                state.vars.insert(name, receiver.clone());
            } else if self.takes_receiver(function)
                && let Some(first) = params.next()
            {
                let value = if has_decorator(function, "classmethod") {
                    closure.class.as_ref().map_or_else(Value::unknown, |class| {
                        Value::of(Shape::Class(Rc::clone(class)))
                    })
                } else {
                    receiver.clone()
                };
                state.vars.insert(&first.name, value);
            }
        }
        for param in params {
            let value = self.param_value(closure, param, state);
            let value = self.param_of_type(param, value, state);
            let value = match param.kind {
                ParamKind::One => value,
                ParamKind::Rest => self.alloc(
                    Object::List {
                        items: Vec::new(),
                        rest: Some(value),
                    },
                    state,
                ),
                ParamKind::NamedRest => self.alloc(
                    Object::Map {
                        entries: Vec::new(),
                        rest: Some(value),
                    },
                    state,
                ),
            };
            state.vars.insert(&param.name, value);
        }
    }

    /// Begins with a function; gives back what was gone through before.
    pub fn enter(&mut self, closure: &Closure<'a>, route: Option<Route>) -> Frame<'a> {
        self.calls.push(std::ptr::from_ref(closure.function));
        let frame = Frame {
            module: closure.module,
            outer: closure.outer.clone(),
            class: closure.class.clone(),
            function: Some(closure.function),
            route,
            ..Frame::default()
        };
        std::mem::replace(&mut self.frame, frame)
    }

    /// Ends with a function and goes on with what was before.
    pub fn leave(&mut self, before: Frame<'a>) -> Frame<'a> {
        self.calls.pop();
        std::mem::replace(&mut self.frame, before)
    }

    /// Whether a function may be gone through inside of the present one.
    pub fn may_enter(&self, function: &Function) -> bool {
        self.calls.len() < MAX_CALLS
            && !self.calls.contains(&std::ptr::from_ref(function))
            && self.fuel > 0
    }

    /// What a module binds, loaded once.
    pub fn module_env(&mut self, module: usize) -> Rc<Env<'a>> {
        if let Some(env) = self.envs.get(&module) {
            return Rc::clone(env);
        }
        // A cycle of imports finds nothing of what is being loaded.
        self.envs.insert(module, Rc::default());
        if self.envs.len() > 200 {
            return Rc::default();
        }
        let outside = std::mem::take(&mut self.frame);
        let calls = std::mem::take(&mut self.calls);
        let (base, fuel, next) = (self.base, self.fuel, self.next_object);
        let (deep, cut) = (self.deep, self.cut);
        let quiet = std::mem::replace(&mut self.quiet, true);
        self.base = module;
        let (env, _) = self.load(module);
        (self.deep, self.cut) = (deep, cut);
        (self.base, self.fuel, self.next_object, self.quiet) = (base, fuel, next, quiet);
        self.frame = outside;
        self.calls = calls;
        self.envs.insert(module, Rc::clone(&env));
        env
    }

    fn load(&mut self, module: usize) -> (Rc<Env<'a>>, Frame<'a>) {
        self.refuel(&Heap::default());
        self.frame = Frame {
            module,
            is_module: true,
            ..Frame::default()
        };
        let mut state = State::default();
        self.exec_all(&self.program.module(module).ir.body, &mut state);
        let frame = std::mem::take(&mut self.frame);
        for (_, returned) in &frame.returned {
            state.join(returned.clone());
        }
        // A module that ends by raising has bound what it had bound.
        for raised in &frame.raised {
            if state.dead {
                state.join(raised.clone());
            }
        }
        (
            Rc::new(Env {
                vars: state.vars,
                heap: state.heap,
            }),
            frame,
        )
    }

    /// While a module is loaded, its functions see what it has bound so far.
    pub fn publish_partial(&mut self, state: &State<'a>) {
        if self.frame.is_module {
            let env = Env {
                vars: state.vars.clone(),
                heap: state.heap.clone(),
            };
            self.envs.insert(self.frame.module, Rc::new(env));
        }
    }

    /// A variable by its name.
    pub fn lookup(&mut self, name: &'a str, state: &mut State<'a>) -> Value<'a> {
        if let Some(value) = state.vars.get(name) {
            return value.clone();
        }
        let mut outer = self.frame.outer.as_ref();
        while let Some(scope) = outer {
            if let Some(value) = scope.vars.get(name) {
                let value = value.clone();
                // What a check says of it is for this function to keep.
                if self.is_script() && !value.taints.is_empty() {
                    state.vars.insert(name, value.clone());
                }
                return value;
            }
            outer = scope.outer.as_ref();
        }
        if self.profile.types.is_some()
            && let Some(value) = self.member_in_scope(name, state)
        {
            return value;
        }
        if !self.frame.is_module {
            let module = self.frame.module;
            let env = self.module_env(module);
            if let Some(value) = env.vars.get(name) {
                if module == self.base {
                    return value.clone();
                }
                return self.adopt(value, &env.heap, &mut state.heap);
            }
        }
        Value::path(name)
    }

    /// A value out of another heap.
    pub fn adopt(&mut self, value: &Value<'a>, from: &Heap<'a>, to: &mut Heap<'a>) -> Value<'a> {
        self.adopt_below(value, from, to, 3)
    }

    fn adopt_below(
        &mut self,
        value: &Value<'a>,
        from: &Heap<'a>,
        to: &mut Heap<'a>,
        depth: usize,
    ) -> Value<'a> {
        let Shape::Object(id) = value.shape else {
            return value.clone();
        };
        let Some(object) = from
            .get(id)
            .filter(|_| depth > 0 && self.next_object < MAX_OBJECTS)
        else {
            return Value::tainted(from.taints(value));
        };
        let copied = match object.clone() {
            Object::List { items, rest } => Object::List {
                items: items
                    .iter()
                    .map(|each| self.adopt_below(each, from, to, depth - 1))
                    .collect(),
                rest: rest.map(|each| self.adopt_below(&each, from, to, depth - 1)),
            },
            Object::Map { entries, rest } => Object::Map {
                entries: entries
                    .iter()
                    .map(|(key, each)| (key.clone(), self.adopt_below(each, from, to, depth - 1)))
                    .collect(),
                rest: rest.map(|each| self.adopt_below(&each, from, to, depth - 1)),
            },
            Object::Instance {
                class,
                path,
                fields,
            } => Object::Instance {
                class,
                path,
                fields: fields
                    .iter()
                    .map(|(name, each)| {
                        (Rc::clone(name), self.adopt_below(each, from, to, depth - 1))
                    })
                    .collect(),
            },
        };
        let id = ObjectId(self.next_object.max(to.len()));
        self.next_object = id.0 + 1;
        to.put(id, copied);
        Value {
            shape: Shape::Object(id),
            taints: value.taints.clone(),
        }
    }

    /// Puts something into the heap.
    pub fn alloc(&mut self, object: Object<'a>, state: &mut State<'a>) -> Value<'a> {
        let id = ObjectId(self.next_object);
        if id.0 >= MAX_OBJECTS {
            let mut heap = Heap::default();
            heap.put(ObjectId(0), object);
            return Value::tainted(heap.taints(&Value::of(Shape::Object(ObjectId(0)))));
        }
        self.next_object += 1;
        state.heap.put(id, object);
        Value::of(Shape::Object(id))
    }

    pub fn instance_of(&mut self, class: &Rc<ClassValue<'a>>, state: &mut State<'a>) -> Value<'a> {
        let object = Object::Instance {
            class: Some(Rc::clone(class)),
            path: class.bases.first().cloned(),
            fields: Vec::new(),
        };
        self.alloc(object, state)
    }

    /// One step down. False where a cap is hit: then nothing is looked at.
    pub fn descend(&mut self) -> bool {
        if self.fuel == 0 || self.deep >= MAX_DEEP {
            self.cut = true;
            return false;
        }
        self.fuel -= 1;
        self.deep += 1;
        true
    }

    pub fn ascend(&mut self) {
        self.deep -= 1;
    }

    fn refuel(&mut self, heap: &Heap<'a>) {
        self.fuel = FUEL;
        self.cut = false;
        self.deep = 0;
        self.next_object = heap.len();
        self.outcomes.clear();
    }

    /// Whether a method's first parameter is its receiver.
    pub fn takes_receiver(&self, function: &Function) -> bool {
        self.profile.types.is_none() && !is_static(function)
    }

    pub fn is_quiet(&self) -> bool {
        self.quiet
    }

    /// Data of a source, new or known.
    pub fn source(&mut self, tier: Tier, span: Span, what: impl FnOnce() -> String) -> Taints {
        let place = (self.frame.module, span, tier);
        let number = if let Some(number) = self.source_places.get(&place) {
            *number
        } else {
            let number = u32::try_from(self.sources.len()).unwrap_or(u32::MAX);
            self.sources.push(Source {
                tier,
                what: what(),
                module: self.frame.module,
                span,
            });
            self.source_places.insert(place, number);
            number
        };
        Taints::one(Taint {
            source: number,
            safe: Kinds::NONE,
            step: u32::MAX,
        })
    }

    /// The same value after a step.
    pub fn stepped(
        &mut self,
        value: Value<'a>,
        span: Span,
        what: impl FnOnce() -> String,
    ) -> Value<'a> {
        if value.taints.is_empty() || self.steps.len() >= MAX_STEPS {
            return value;
        }
        let Some(before) = value.taints.iter().next().map(|taint| taint.step) else {
            return value;
        };
        let line = span.line;
        let before = (before != u32::MAX).then_some(before);
        if let Some(last) = before.and_then(|at| self.steps.get(at as usize))
            && last.line == line
            && last.module == self.frame.module
        {
            return value;
        }
        let number = u32::try_from(self.steps.len()).unwrap_or(u32::MAX);
        self.steps.push(StepNode {
            before,
            module: self.frame.module,
            line,
            what: what(),
        });
        value.with_taints(|taints| {
            taints.map(|taint| Taint {
                step: number,
                ..taint
            })
        })
    }
}

/// The methods of a class, those of inner classes left out.
pub(super) fn methods(class: &crate::taint::ir::Class) -> impl Iterator<Item = &Function> {
    class
        .body
        .iter()
        .filter_map(|stmt: &Stmt| match &stmt.kind {
            StmtKind::Function(function) => Some(&**function),
            _ => None,
        })
}

pub(super) fn is_static(function: &Function) -> bool {
    has_decorator(function, "staticmethod")
}

pub(super) fn has_decorator(function: &Function, name: &str) -> bool {
    function.decorators.iter().any(|decorator| {
        matches!(&decorator.kind, crate::taint::ir::ExprKind::Name(each) if **each == *name)
    })
}
