//! A small assembler for the classic BPF that seccomp takes.
//!
//! A filter is a table from system-call numbers to tests of their arguments.
//! The table becomes a binary search: a linear list of three hundred
//! comparisons would cost the kernel a hundred thousand steps at each start,
//! because it tries every number to learn which are always allowed.

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

/// The low 32 bits of an argument, counted from 0. Most of the kernel's
/// interfaces looked at here take no more than that.
#[derive(Clone, Copy, Debug)]
pub(super) struct Argument(pub u32);

/// A decision tree over arguments.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) struct Test(Vec<Instruction>);

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

impl Argument {
    const fn load(self) -> Instruction {
        // The low half comes first on the little-endian machines we support.
        plain(LOAD, OFFSET_ARGUMENTS + 8 * self.0)
    }

    const fn load_high(self) -> Instruction {
        plain(LOAD, OFFSET_ARGUMENTS + 8 * self.0 + 4)
    }
}

impl Test {
    pub(super) fn always(of: Action) -> Self {
        Self(vec![action(of)])
    }

    /// `yes` if the argument is one of the values.
    pub(super) fn one_of(argument: Argument, values: &[u32], yes: &Self, no: &Self) -> Self {
        let mut out = vec![argument.load()];
        out.extend(chain(values, &yes.0, &no.0));
        Self(out)
    }

    /// `yes` if all 64 bits of the argument are 0: a pointer to nothing.
    pub(super) fn is_null(argument: Argument, yes: &Self, no: &Self) -> Self {
        let mut high = vec![argument.load_high()];
        high.extend(chain(&[0], &yes.0, &no.0));
        Self::one_of(argument, &[0], &Self(high), no)
    }

    /// `yes` if the argument under the mask is one of the values.
    pub(super) fn masked_in(
        argument: Argument,
        mask: u32,
        values: &[u32],
        yes: &Self,
        no: &Self,
    ) -> Self {
        let mut out = vec![argument.load(), plain(AND, mask)];
        out.extend(chain(values, &yes.0, &no.0));
        Self(out)
    }

    /// `yes` if the argument has any of the bits.
    pub(super) fn any_bit(argument: Argument, bits: u32, yes: &Self, no: &Self) -> Self {
        let mut out = vec![argument.load()];
        out.extend(branch(IF_ANY_BIT, bits, &yes.0, &no.0));
        Self(out)
    }
}

fn chain(values: &[u32], yes: &[Instruction], no: &[Instruction]) -> Vec<Instruction> {
    values.iter().rev().fold(no.to_vec(), |rest, value| {
        branch(IF_EQUAL, *value, yes, &rest)
    })
}

/// A filter under construction.
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
        // The x32 interface of x86-64 lives above this bit.
        push(0x4000_0000, Test::always(self.elsewhere));
        segments
    }
}

fn search(segments: &[(u32, Test)]) -> Vec<Instruction> {
    match segments {
        [] => vec![action(Action::Kill)],
        [(_, only)] => only.0.clone(),
        _ => {
            let (low, high) = segments.split_at(segments.len() / 2);
            branch(IF_AT_LEAST, high[0].0, &search(high), &search(low))
        }
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
