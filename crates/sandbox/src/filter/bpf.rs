//! A small assembler for the classic BPF that seccomp takes.
//!
//! A filter is a table from system-call numbers to tests of their arguments.
//! The table becomes a binary search: a linear list of three hundred
//! comparisons would cost the kernel a hundred thousand steps at each start,
//! because it tries every number to learn which are always allowed.

use std::borrow::Cow;
use std::collections::BTreeMap;

use crate::sys::Instruction;

/// What the kernel does with a call.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Action {
    Allow,
    Errno(i32),
    Notify,
    Kill,
}

impl Action {
    /// What the kernel does where two filters differ.
    fn stricter(self, other: Self) -> Self {
        let strictness = |action| match action {
            Self::Allow => 0,
            Self::Notify => 1,
            Self::Errno(_) => 2,
            Self::Kill => 3,
        };
        if strictness(self) >= strictness(other) {
            self
        } else {
            other
        }
    }
}

/// The low 32 bits of an argument, counted from 0. Most of the kernel's
/// interfaces looked at here take no more than that.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) struct Argument(pub u32);

/// A decision tree over arguments.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) enum Test {
    Answer(Action),
    Look {
        at: Look,
        holds: Holds,
        yes: Box<Test>,
        no: Box<Test>,
    },
}

/// One half of an argument, under a mask.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) struct Look {
    argument: Argument,
    high: bool,
    mask: u32,
}

/// What is asked of it.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) enum Holds {
    /// That it is one of these.
    OneOf(Vec<u32>),
    /// That it has any of these bits.
    AnyBit(u32),
}

const LOAD: u16 = 0x20; // BPF_LD | BPF_W | BPF_ABS
const AND: u16 = 0x54; // BPF_ALU | BPF_AND | BPF_K
const JUMP: u16 = 0x05; // BPF_JMP | BPF_JA
const IF_EQUAL: u16 = 0x15; // BPF_JMP | BPF_JEQ | BPF_K
const IF_AT_LEAST: u16 = 0x35; // BPF_JMP | BPF_JGE | BPF_K
const IF_ANY_BIT: u16 = 0x45; // BPF_JMP | BPF_JSET | BPF_K
const RETURN: u16 = 0x06; // BPF_RET | BPF_K

const OFFSET_NUMBER: u32 = 0;
const OFFSET_ARCHITECTURE: u32 = 4;
const OFFSET_ARGUMENTS: u32 = 16;

/// The x32 interface of x86-64 lives above this bit.
const OTHER_INTERFACE: u32 = 0x4000_0000;

const fn plain(code: u16, k: u32) -> Instruction {
    Instruction {
        code,
        jt: 0,
        jf: 0,
        k,
    }
}

fn action(action: Action) -> Instruction {
    plain(
        RETURN,
        match action {
            Action::Allow => libc::SECCOMP_RET_ALLOW,
            Action::Errno(errno) => libc::SECCOMP_RET_ERRNO | errno.unsigned_abs(),
            Action::Notify => libc::SECCOMP_RET_USER_NOTIF,
            Action::Kill => libc::SECCOMP_RET_KILL_PROCESS,
        },
    )
}

/// Goes to `yes` if the comparison holds, else to `no`; both end in a return,
/// and the distance between them may be any.
fn branch(code: u16, k: u32, yes: &[Instruction], no: &[Instruction]) -> Vec<Instruction> {
    let mut out = Vec::with_capacity(yes.len() + no.len() + 2);
    out.push(Instruction {
        code,
        jt: 1,
        jf: 0,
        k,
    });
    out.push(plain(JUMP, u32::try_from(yes.len()).unwrap_or(u32::MAX)));
    out.extend_from_slice(yes);
    out.extend_from_slice(no);
    out
}

impl Look {
    const fn low(argument: Argument) -> Self {
        Self {
            argument,
            high: false,
            mask: u32::MAX,
        }
    }

    fn load(self) -> Vec<Instruction> {
        // The low half comes first on the little-endian machines we support.
        let offset = OFFSET_ARGUMENTS + 8 * self.argument.0 + if self.high { 4 } else { 0 };
        let mut out = vec![plain(LOAD, offset)];
        if self.mask != u32::MAX {
            out.push(plain(AND, self.mask));
        }
        out
    }

    fn value(self, args: &[u64; 6]) -> u32 {
        let whole = args[self.argument.0 as usize];
        let half = if self.high { whole >> 32 } else { whole };
        #[expect(clippy::cast_possible_truncation, reason = "the half that is meant")]
        let half = half as u32;
        half & self.mask
    }
}

impl Holds {
    fn of(&self, value: u32) -> bool {
        match self {
            Self::OneOf(values) => values.contains(&value),
            Self::AnyBit(bits) => value & bits != 0,
        }
    }
}

impl Test {
    pub(super) const fn always(of: Action) -> Self {
        Self::Answer(of)
    }

    /// `yes` if the argument is one of the values.
    pub(super) fn one_of(argument: Argument, values: &[u32], yes: &Self, no: &Self) -> Self {
        let holds = Holds::OneOf(values.to_vec());
        Self::look(Look::low(argument), holds, yes, no)
    }

    /// `yes` if all 64 bits of the argument are 0: a pointer to nothing.
    pub(super) fn is_null(argument: Argument, yes: &Self, no: &Self) -> Self {
        let high = Look {
            high: true,
            ..Look::low(argument)
        };
        let high = Self::look(high, Holds::OneOf(vec![0]), yes, no);
        Self::one_of(argument, &[0], &high, no)
    }

    /// `yes` if the argument under the mask is one of the values.
    pub(super) fn masked_in(
        argument: Argument,
        mask: u32,
        values: &[u32],
        yes: &Self,
        no: &Self,
    ) -> Self {
        let masked = Look {
            mask,
            ..Look::low(argument)
        };
        Self::look(masked, Holds::OneOf(values.to_vec()), yes, no)
    }

    /// `yes` if the argument has any of the bits.
    pub(super) fn any_bit(argument: Argument, bits: u32, yes: &Self, no: &Self) -> Self {
        Self::look(Look::low(argument), Holds::AnyBit(bits), yes, no)
    }

    fn look(at: Look, holds: Holds, yes: &Self, no: &Self) -> Self {
        Self::Look {
            at,
            holds,
            yes: Box::new(yes.clone()),
            no: Box::new(no.clone()),
        }
    }

    /// The same with another tree, or another answer, for each answer.
    fn map(&self, to: &impl Fn(Action) -> Self) -> Self {
        match self {
            Self::Answer(action) => to(*action),
            Self::Look { at, holds, yes, no } => {
                Self::look(*at, holds.clone(), &yes.map(to), &no.map(to))
            }
        }
    }

    fn answer(&self, args: &[u64; 6]) -> Action {
        match self {
            Self::Answer(action) => *action,
            Self::Look { at, holds, yes, no } => {
                let next = if holds.of(at.value(args)) { yes } else { no };
                next.answer(args)
            }
        }
    }

    fn assemble(&self) -> Vec<Instruction> {
        match self {
            Self::Answer(of) => vec![action(*of)],
            Self::Look { at, holds, yes, no } => {
                let (yes, no) = (yes.assemble(), no.assemble());
                let mut out = at.load();
                out.extend(match holds {
                    Holds::OneOf(values) => chain(values, &yes, &no),
                    Holds::AnyBit(bits) => branch(IF_ANY_BIT, *bits, &yes, &no),
                });
                out
            }
        }
    }
}

fn chain(values: &[u32], yes: &[Instruction], no: &[Instruction]) -> Vec<Instruction> {
    values.iter().rev().fold(no.to_vec(), |rest, value| {
        branch(IF_EQUAL, *value, yes, &rest)
    })
}

/// A filter under construction.
#[derive(Debug)]
pub(super) struct Dispatch {
    architecture: u32,
    otherwise: Action,
    elsewhere: Action,
    calls: BTreeMap<u32, Test>,
}

impl Dispatch {
    /// A filter for one architecture with an answer for every call that is not
    /// named.
    pub(super) fn new(architecture: u32, otherwise: Action) -> Self {
        Self {
            architecture,
            otherwise,
            elsewhere: Action::Kill,
            calls: BTreeMap::new(),
        }
    }

    /// The answer for the calls of other machine interfaces, if it is not to
    /// kill.
    pub(super) const fn elsewhere(mut self, answer: Action) -> Self {
        self.elsewhere = answer;
        self
    }

    /// Names a call. The last naming counts.
    pub(super) fn on(&mut self, number: i64, test: Test) {
        if let Ok(number) = u32::try_from(number) {
            self.calls.insert(number, test);
        }
    }

    /// One filter with the stricter of the answers of two: what this one
    /// allows is left to the other.
    pub(super) fn and(&self, other: &Self) -> Self {
        let numbers = self.calls.keys().chain(other.calls.keys());
        let both = |number: &u32| {
            let theirs = other.test(*number);
            let left = |own| match own {
                Action::Allow => theirs.as_ref().clone(),
                own => theirs.map(&|their| Test::Answer(own.stricter(their))),
            };
            (*number, self.test(*number).map(&left))
        };
        Self {
            architecture: self.architecture,
            otherwise: self.otherwise.stricter(other.otherwise),
            elsewhere: self.elsewhere.stricter(other.elsewhere),
            calls: numbers.map(both).collect(),
        }
    }

    /// The same, with another answer to a call and its answer.
    pub(super) fn with(&self, to: impl Fn(Option<u32>, Action) -> Action) -> Self {
        let calls = self.calls.iter().map(|(number, test)| {
            let to = |action| Test::Answer(to(Some(*number), action));
            (*number, test.map(&to))
        });
        Self {
            architecture: self.architecture,
            otherwise: to(None, self.otherwise),
            elsewhere: self.elsewhere,
            calls: calls.collect(),
        }
    }

    /// What the filter answers to a call of its own architecture.
    pub(super) fn answer(&self, number: u32, args: &[u64; 6]) -> Action {
        if number >= OTHER_INTERFACE {
            return self.elsewhere;
        }
        self.test(number).answer(args)
    }

    fn test(&self, number: u32) -> Cow<'_, Test> {
        let known = self.calls.get(&number).map(Cow::Borrowed);
        known.unwrap_or(Cow::Owned(Test::Answer(self.otherwise)))
    }

    /// The instructions.
    pub(super) fn assemble(&self) -> Vec<Instruction> {
        let segments = self.segments();
        let mut known = vec![plain(LOAD, OFFSET_NUMBER)];
        known.extend(search(&segments));
        let mut out = vec![plain(LOAD, OFFSET_ARCHITECTURE)];
        out.extend(branch(
            IF_EQUAL,
            self.architecture,
            &known,
            &[action(self.elsewhere)],
        ));
        out
    }

    /// The number line cut where the answer changes: each entry holds from its
    /// number up to the next one's.
    fn segments(&self) -> Vec<(u32, Test)> {
        let otherwise = Test::always(self.otherwise);
        let mut segments: Vec<(u32, Test)> = vec![(0, otherwise.clone())];
        let mut push = |start: u32, test: Test| match segments.last_mut() {
            Some((at, last)) if *at == start => *last = test,
            Some((_, last)) if *last == test => {}
            _ => segments.push((start, test)),
        };
        for (number, test) in &self.calls {
            push(*number, test.clone());
            if !self.calls.contains_key(&(number + 1)) {
                push(number + 1, otherwise.clone());
            }
        }
        push(OTHER_INTERFACE, Test::always(self.elsewhere));
        segments
    }
}

fn search(segments: &[(u32, Test)]) -> Vec<Instruction> {
    match segments {
        [] => vec![action(Action::Kill)],
        [(_, only)] => only.assemble(),
        _ => {
            let (low, high) = segments.split_at(segments.len() / 2);
            branch(IF_AT_LEAST, high[0].0, &search(high), &search(low))
        }
    }
}

#[cfg(test)]
impl Dispatch {
    /// Whether no argument of a call is looked at.
    pub(super) fn is_one_answer(&self, number: u32) -> bool {
        matches!(*self.test(number), Test::Answer(_))
    }
}

#[cfg(test)]
impl Instruction {
    /// Runs a filter as the kernel would, on a call.
    pub(super) fn run(program: &[Self], architecture: u32, number: u32, args: [u64; 6]) -> u32 {
        let mut accumulator = 0_u32;
        let mut at = 0;
        loop {
            let Self { code, jt, jf, k } = program[at];
            at += 1;
            let jump = |holds: bool| usize::from(if holds { jt } else { jf });
            match code {
                LOAD if k == OFFSET_NUMBER => accumulator = number,
                LOAD if k == OFFSET_ARCHITECTURE => accumulator = architecture,
                LOAD => {
                    let (index, half) = ((k - OFFSET_ARGUMENTS) / 8, (k - OFFSET_ARGUMENTS) % 8);
                    let value = args[index as usize] >> (8 * half);
                    accumulator = u32::try_from(value & 0xffff_ffff).unwrap();
                }
                AND => accumulator &= k,
                JUMP => at += k as usize,
                IF_EQUAL => at += jump(accumulator == k),
                IF_AT_LEAST => at += jump(accumulator >= k),
                IF_ANY_BIT => at += jump(accumulator & k != 0),
                RETURN => return k,
                _ => panic!("no such instruction: {code:#x}"),
            }
        }
    }
}
