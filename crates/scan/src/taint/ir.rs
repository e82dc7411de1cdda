//! What the taint engine reads: one small language that every front end lowers
//! its own to.
//!
//! How to write a front end, say for another language:
//!
//! * Make one [`Module`] of one file. Keep the order in which things happen.
//!   Leave types, formatting and comments out.
//! * Whatever calls, reads an attribute (`a.b`) or an element (`a[b]`) has an
//!   expression of its own here. Operators that the engine need not understand
//!   become [`ExprKind::Opaque`] over their operands: data of any operand is
//!   then taken to be in the result.
//! * `a + b + c` is one [`ExprKind::Concat`] of three, so that a sum of ten
//!   thousand parts is not ten thousand deep.
//! * Never nest deeper than [`MAX_DEPTH`]: count on the way down, put
//!   [`Expr::opaque`] in place of what is deeper, and note a [`Cut`]. The
//!   engine relies on that, and so does dropping a module.
//! * A name is what is bound: `import a.b as c` binds `c` to the path `a.b`.
//!   A file-relative import keeps its leading dots or `./` in
//!   [`Import::module`]; the engine asks the language's resolver for the file.
//! * Constants are what the program text says, unescaped.
//! * A method is a [`Function`] in the body of a [`Class`]. Where the language
//!   passes the receiver as a parameter (Python's `self`) it stays one; where
//!   it does not (`this`), [`Function::receiver`] has its name.
//! * Decorators and annotations are expressions in the language's own terms:
//!   the catalogue recognises routes by them.
//!
//! Loops, exceptions and branches keep their shape. The engine decides what is
//! dead.

/// How deep expressions and statements may be nested.
pub const MAX_DEPTH: usize = 120;

/// A name of a variable, attribute, function or module.
pub type Name = Box<str>;

/// One source file.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Module {
    /// What it does when it is loaded, functions and classes among it.
    pub body: Vec<Stmt>,
    /// What was left out.
    pub cuts: Vec<Cut>,
}

/// Something that a front end could not read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cut {
    /// Where, from 1.
    pub line: u32,
    /// Why.
    pub why: CutReason,
}

/// Why something was left out of a module.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CutReason {
    /// It does not parse.
    Syntax,
    /// It is nested deeper than [`MAX_DEPTH`].
    Depth,
    /// The file is larger than what is parsed.
    Size,
}

/// A place in a file.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Span {
    /// The first line, from 1.
    pub line: u32,
    /// The first column, from 1, in bytes.
    pub column: u32,
    /// The last line.
    pub end_line: u32,
}

/// A value that the text of the program gives.
#[derive(Clone, Debug, PartialEq)]
pub enum Const {
    /// `None`, `null`, `undefined`, `nil`.
    None,
    /// `True`, `false`.
    Bool(bool),
    /// A whole number that fits.
    Int(i64),
    /// Any other number.
    Float(f64),
    /// Text, unescaped.
    Str(Box<str>),
    /// Bytes, as text where they are text.
    Bytes(Box<str>),
    /// A regular expression with its delimiters and flags: `/a+/g`.
    Regex(Box<str>),
}

/// An expression and its place.
#[derive(Clone, Debug, PartialEq)]
pub struct Expr {
    /// What it is.
    pub kind: ExprKind,
    /// Where it stands.
    pub span: Span,
}

/// Kinds of expressions.
#[derive(Clone, Debug, PartialEq)]
pub enum ExprKind {
    /// A constant.
    Const(Const),
    /// A variable, function, class or module by its name.
    Name(Name),
    /// `object.name`, also `object?.name` and `object->name`.
    Attribute(Box<Expr>, Name),
    /// `object[index]`.
    Element(Box<Expr>, Box<Expr>),
    /// `object[start:end]`; a step is left out, and what has one is opaque.
    Slice(Box<Expr>, Option<Box<Expr>>, Option<Box<Expr>>),
    /// `callee(arguments)`.
    Call(Box<Call>),
    /// `a + b + c`: of numbers, text or lists.
    Concat(Vec<Expr>),
    /// An f-string or template literal: its parts one after another.
    Template(Vec<Expr>),
    /// Arithmetic, `%` also of text.
    Binary(BinaryOp, Box<Expr>, Box<Expr>),
    /// A comparison.
    Compare(CompareOp, Box<Expr>, Box<Expr>),
    /// `a and b and c`: the value is that of one of them.
    And(Vec<Expr>),
    /// `a or b or c`, also `a ?? b`.
    Or(Vec<Expr>),
    /// `not a`.
    Not(Box<Expr>),
    /// `then if test else otherwise`, `test ? then : otherwise`.
    Conditional(Box<[Expr; 3]>),
    /// A list, tuple or set; [`ExprKind::Spread`] may be among its items.
    List(ListKind, Vec<Expr>),
    /// A dictionary or object literal; an entry without a key is spread.
    Dict(Vec<(Option<Expr>, Expr)>),
    /// `*items`, `...items`.
    Spread(Box<Expr>),
    /// `[element for target in iterable if test]`.
    Comprehension(Box<Comprehension>),
    /// A function without a name.
    Lambda(Box<Function>),
    /// An assignment that is an expression; its value is what is assigned.
    Assign(Box<Expr>, Box<Expr>),
    /// A value of a type that the program names: `Type name = value`,
    /// `(Type) value`.
    Typed(Box<Expr>, Name),
    /// `await a`.
    Await(Box<Expr>),
    /// `yield a`: the function hands `a` to its caller.
    Yield(Option<Box<Expr>>),
    /// Anything else that makes one value of these.
    Opaque(Vec<Expr>),
}

/// A call.
#[derive(Clone, Debug, PartialEq)]
pub struct Call {
    /// What is called: most often a name or an attribute.
    pub callee: Expr,
    /// With what.
    pub args: Vec<Arg>,
    /// Whether it is `new callee(…)`.
    pub construct: bool,
}

/// One argument of a call.
#[derive(Clone, Debug, PartialEq)]
pub struct Arg {
    /// Its name, for `name=value`.
    pub name: Option<Name>,
    /// Whether it is spread: `*value`, `**value`, `...value`.
    pub spread: bool,
    /// What is passed.
    pub value: Expr,
}

/// What kind of sequence a literal makes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ListKind {
    /// It can be changed.
    List,
    /// It cannot.
    Tuple,
    /// It has no order.
    Set,
}

/// `[element for target in iterable if test …]`.
#[derive(Clone, Debug, PartialEq)]
pub struct Comprehension {
    /// The key, where a dictionary is made.
    pub key: Option<Expr>,
    /// What is made of each round.
    pub element: Expr,
    /// Its loops, the outermost first.
    pub clauses: Vec<Clause>,
}

/// One loop of a comprehension.
#[derive(Clone, Debug, PartialEq)]
pub struct Clause {
    /// What is bound.
    pub target: Expr,
    /// Of what.
    pub iterable: Expr,
    /// Under which conditions.
    pub tests: Vec<Expr>,
}

/// Operators of arithmetic.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "each is what it is called")]
pub enum BinaryOp {
    Sub,
    Mul,
    Div,
    FloorDiv,
    /// The rest of a division, or `%` of text.
    Mod,
    Pow,
    BitAnd,
    BitOr,
    BitXor,
    ShiftLeft,
    ShiftRight,
    /// Only in `+=`: elsewhere it is [`ExprKind::Concat`].
    Add,
}

/// Operators of comparison.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "each is what it is called")]
pub enum CompareOp {
    Equal,
    NotEqual,
    Less,
    LessEqual,
    Greater,
    GreaterEqual,
    /// Member of: `a in b`. Methods such as `b.includes(a)` stay calls.
    In,
    NotIn,
    /// The same object.
    Is,
    IsNot,
}

/// A statement and its place.
#[derive(Clone, Debug, PartialEq)]
pub struct Stmt {
    /// What it is.
    pub kind: StmtKind,
    /// Where it stands.
    pub span: Span,
}

/// Kinds of statements.
#[derive(Clone, Debug, PartialEq)]
pub enum StmtKind {
    /// An expression for what it does.
    Expr(Expr),
    /// `target = value`; a target is a name, an attribute, an element or a
    /// list of targets. With an operator `target op= value`.
    Assign {
        /// What is assigned to.
        target: Expr,
        /// The operator of an assignment that adds to what is there.
        op: Option<BinaryOp>,
        /// What is assigned.
        value: Expr,
    },
    /// `return value`.
    Return(Option<Expr>),
    /// `raise`, `throw`.
    Raise(Option<Expr>),
    /// `break`.
    Break,
    /// `continue`.
    Continue,
    /// `if`.
    If {
        /// The condition.
        test: Expr,
        /// What is done where it holds.
        then: Vec<Stmt>,
        /// What is done where it does not.
        otherwise: Vec<Stmt>,
    },
    /// `for target in iterable`.
    For {
        /// What is bound in every round.
        target: Expr,
        /// Of what.
        iterable: Expr,
        /// What is done.
        body: Vec<Stmt>,
        /// What is done after the last round, without a break.
        otherwise: Vec<Stmt>,
    },
    /// `while test`; a C-like `for` is one after its first part.
    While {
        /// The condition.
        test: Expr,
        /// What is done.
        body: Vec<Stmt>,
        /// What is done when the condition no longer holds.
        otherwise: Vec<Stmt>,
    },
    /// `match`, `switch`.
    Match {
        /// What is compared.
        subject: Expr,
        /// With what, in order.
        arms: Vec<Arm>,
    },
    /// `try`.
    Try {
        /// What may fail.
        body: Vec<Stmt>,
        /// What is done then.
        handlers: Vec<Handler>,
        /// What is done where nothing failed.
        otherwise: Vec<Stmt>,
        /// What is done in any case.
        finally: Vec<Stmt>,
    },
    /// `with value as target`; several are nested.
    With {
        /// What is entered.
        value: Expr,
        /// What it is bound to.
        target: Option<Expr>,
        /// What is done.
        body: Vec<Stmt>,
    },
    /// `assert test`.
    Assert(Expr),
    /// `del a, b`.
    Delete(Vec<Expr>),
    /// A function is bound to its name.
    Function(Box<Function>),
    /// A class is bound to its name.
    Class(Box<Class>),
    /// A module, or something of it, is bound to a name.
    Import(Import),
    /// Statements in a scope that shares its names.
    Block(Vec<Stmt>),
}

/// One arm of a `match` or `switch`.
#[derive(Clone, Debug, PartialEq)]
pub struct Arm {
    /// Any of these fits. None is `_` or `default`.
    pub patterns: Vec<Pattern>,
    /// And this holds.
    pub guard: Option<Expr>,
    /// What is done.
    pub body: Vec<Stmt>,
    /// Whether the next arm's body follows where this one's ends.
    pub falls_through: bool,
}

/// A pattern of an arm.
#[derive(Clone, Debug, PartialEq)]
pub enum Pattern {
    /// This very value.
    Value(Expr),
    /// Anything, bound to a name.
    Capture(Name),
    /// Something that the engine does not look into; these names are bound.
    Shape(Vec<Name>),
}

/// `except Type as name`, `catch (name)`.
#[derive(Clone, Debug, PartialEq)]
pub struct Handler {
    /// Which errors; none is any.
    pub types: Option<Expr>,
    /// What the error is bound to.
    pub name: Option<Name>,
    /// What is done.
    pub body: Vec<Stmt>,
}

/// A function, method or lambda.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Function {
    /// Its name; empty for a lambda.
    pub name: Name,
    /// What it is called with, in order.
    pub params: Vec<Param>,
    /// The receiver's name, where that is not a parameter.
    pub receiver: Option<Name>,
    /// Decorators or annotations, the outermost first.
    pub decorators: Vec<Expr>,
    /// What it does.
    pub body: Vec<Stmt>,
    /// Where it stands, decorators not counted.
    pub span: Span,
}

/// A parameter.
#[derive(Clone, Debug, PartialEq)]
pub struct Param {
    /// Its name.
    pub name: Name,
    /// What it takes.
    pub kind: ParamKind,
    /// Its type, as an expression in the language's own terms.
    pub annotation: Option<Expr>,
    /// Decorators of the parameter itself, such as `@Body()`.
    pub decorators: Vec<Expr>,
    /// Its value where none is passed.
    pub default: Option<Expr>,
}

/// What a parameter takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ParamKind {
    /// One argument.
    One,
    /// All that are left, as a list.
    Rest,
    /// All named ones that are left, as a dictionary.
    NamedRest,
}

/// A class, interface or object with methods.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Class {
    /// Its name; empty where it has none.
    pub name: Name,
    /// What it extends.
    pub bases: Vec<Expr>,
    /// Decorators or annotations.
    pub decorators: Vec<Expr>,
    /// Methods, fields and what else its body does.
    pub body: Vec<Stmt>,
    /// Where it stands.
    pub span: Span,
}

/// `import module`, `from module import item`: one binding of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Import {
    /// The module's name as written, leading dots or `./` included.
    pub module: Box<str>,
    /// What of it; none binds the module itself, `*` all that it has.
    pub item: Option<Name>,
    /// The name that is bound. Where it is the first part of a dotted module, that
    /// part is what is bound, as in Python's `import a.b`.
    pub bound: Name,
}

impl Expr {
    /// Something that nothing is known of.
    pub fn opaque(span: Span) -> Self {
        Self {
            kind: ExprKind::Opaque(Vec::new()),
            span,
        }
    }

    /// A name.
    pub fn name(name: &str, span: Span) -> Self {
        Self {
            kind: ExprKind::Name(name.into()),
            span,
        }
    }

    /// The text, where it is a constant of text or an expression on text.
    pub fn as_str(&self) -> Option<&str> {
        match &self.kind {
            ExprKind::Const(Const::Str(text) | Const::Regex(text)) => Some(text),
            _ => None,
        }
    }
}
