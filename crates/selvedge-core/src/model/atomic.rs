//! Atomics under sequential consistency: a value, read and written whole.

use super::{Applied, Effect};
use crate::op::{Access, AtomicOp, Rmw};

/// How the bits of an atomic are read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ValueType {
    /// A bool.
    Bool,
    /// An unsigned integer of that many bits.
    Unsigned(u8),
    /// A signed integer of that many bits, in two's complement.
    Signed(u8),
    /// A pointer.
    Pointer,
}

impl ValueType {
    fn bits(self) -> u32 {
        match self {
            ValueType::Bool => 1,
            ValueType::Unsigned(bits) | ValueType::Signed(bits) => u32::from(bits),
            ValueType::Pointer => usize::BITS,
        }
    }

    /// `value` cut to the width of the type.
    fn wrap(self, value: u64) -> u64 {
        match self.bits() {
            64.. => value,
            bits => value & ((1 << bits) - 1),
        }
    }

    /// The value with its sign spread over 64 bits.
    fn signed(self, value: u64) -> i64 {
        let unused = 64 - self.bits();
        ((value << unused) as i64) >> unused
    }

    /// The value as a person writes it.
    pub fn show(self, value: u64) -> String {
        match self {
            ValueType::Bool => (value != 0).to_string(),
            ValueType::Unsigned(_) => value.to_string(),
            ValueType::Signed(_) => self.signed(value).to_string(),
            ValueType::Pointer if value == 0 => "null".to_owned(),
            ValueType::Pointer => format!("{value:#x}"),
        }
    }
}

/// The state of an atomic.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AtomicState {
    /// The value's bits, zero-extended.
    pub value: u64,
    /// How they are read.
    pub ty: ValueType,
}

impl AtomicState {
    pub(super) fn eval(&self, op: &AtomicOp) -> Option<Effect<Self>> {
        let old = self.value;
        let write = |value| Effect::write(old, AtomicState { value, ty: self.ty });
        match *op {
            AtomicOp::Load { .. } => Effect::read(old),
            AtomicOp::Store { value, .. } => write(value),
            AtomicOp::CompareExchange { expected, new, .. } => {
                if old == expected {
                    write(new)
                } else {
                    Effect::read(old)
                }
            }
            AtomicOp::Rmw { rmw, operand, .. } => write(self.modified(rmw, operand)),
        }
    }

    /// The same, carried out in place.
    #[inline(always)]
    pub(crate) fn apply(&mut self, op: &AtomicOp) -> Applied {
        let old = self.value;
        let new = match *op {
            AtomicOp::Store { value, .. } => value,
            AtomicOp::Rmw { rmw, operand, .. } => self.modified(rmw, operand),
            AtomicOp::CompareExchange { expected, new, .. } if old == expected => new,
            AtomicOp::CompareExchange { .. } | AtomicOp::Load { .. } => {
                return Applied { answer: old, access: Some(Access::Read), changed: false };
            }
        };
        self.value = new;
        Applied { answer: old, access: Some(Access::Write), changed: new != old }
    }

    #[inline(always)]
    fn modified(&self, rmw: Rmw, operand: u64) -> u64 {
        let (old, ty) = (self.value, self.ty);
        let larger = || match ty {
            ValueType::Signed(_) => ty.signed(operand) > ty.signed(old),
            _ => operand > old,
        };
        ty.wrap(match rmw {
            Rmw::Swap => operand,
            Rmw::Add => old.wrapping_add(operand),
            Rmw::Sub => old.wrapping_sub(operand),
            Rmw::And => old & operand,
            Rmw::Nand => !(old & operand),
            Rmw::Or => old | operand,
            Rmw::Xor => old ^ operand,
            Rmw::Max => {
                if larger() {
                    operand
                } else {
                    old
                }
            }
            Rmw::Min => {
                if larger() {
                    old
                } else {
                    operand
                }
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Next;
    use crate::op::MemoryOrder::SeqCst;
    use std::sync::atomic::{AtomicI8, AtomicU8, Ordering};

    fn after(ty: ValueType, value: u64, op: AtomicOp) -> (u64, Option<u64>) {
        let mut state = AtomicState { value, ty };
        let effect = state.eval(&op).unwrap();
        let applied = super::super::apply(&mut state.clone(), Some(effect.clone()));
        assert_eq!(Some(state.apply(&op)), applied, "in place it does the same");
        match effect.next {
            Next::Same => (effect.answer, None),
            Next::To(s) => (effect.answer, Some(s.value)),
            other => panic!("{other:?}"),
        }
    }

    /// Every read-modify-write of `u8` and `i8` does what std's does, on all pairs of values.
    #[test]
    fn rmw_is_std() {
        let all = [
            Rmw::Swap,
            Rmw::Add,
            Rmw::Sub,
            Rmw::And,
            Rmw::Nand,
            Rmw::Or,
            Rmw::Xor,
            Rmw::Max,
            Rmw::Min,
        ];
        let sc = Ordering::SeqCst;
        for old in 0..=255u8 {
            for operand in 0..=255u8 {
                for rmw in all {
                    let (u, i) = (AtomicU8::new(old), AtomicI8::new(old as i8));
                    let (x, y) = (operand, operand as i8);
                    match rmw {
                        Rmw::Swap => (u.swap(x, sc), i.swap(y, sc)),
                        Rmw::Add => (u.fetch_add(x, sc), i.fetch_add(y, sc)),
                        Rmw::Sub => (u.fetch_sub(x, sc), i.fetch_sub(y, sc)),
                        Rmw::And => (u.fetch_and(x, sc), i.fetch_and(y, sc)),
                        Rmw::Nand => (u.fetch_nand(x, sc), i.fetch_nand(y, sc)),
                        Rmw::Or => (u.fetch_or(x, sc), i.fetch_or(y, sc)),
                        Rmw::Xor => (u.fetch_xor(x, sc), i.fetch_xor(y, sc)),
                        Rmw::Max => (u.fetch_max(x, sc), i.fetch_max(y, sc)),
                        Rmw::Min => (u.fetch_min(x, sc), i.fetch_min(y, sc)),
                    };
                    let op = AtomicOp::Rmw { rmw, operand: operand.into(), order: SeqCst };
                    let expect = |new: u8| (u64::from(old), Some(u64::from(new)));
                    let (unsigned, signed) = (ValueType::Unsigned(8), ValueType::Signed(8));
                    assert_eq!(after(unsigned, old.into(), op), expect(u.into_inner()));
                    assert_eq!(after(signed, old.into(), op), expect(i.into_inner() as u8));
                }
            }
        }
    }

    #[test]
    fn failed_compare_exchange_reads() {
        let ty = ValueType::Unsigned(64);
        let cas = |expected, new| AtomicOp::CompareExchange {
            expected,
            new,
            success: SeqCst,
            failure: SeqCst,
        };
        assert_eq!(after(ty, 3, cas(3, 9)), (3, Some(9)));
        assert_eq!(after(ty, 4, cas(3, 9)), (4, None));
    }

    #[test]
    fn values_print_by_their_type() {
        assert_eq!(ValueType::Signed(8).show(0xff), "-1");
        assert_eq!(ValueType::Signed(64).show(u64::MAX), "-1");
        assert_eq!(ValueType::Unsigned(8).show(0xff), "255");
        assert_eq!(ValueType::Bool.show(1), "true");
        assert_eq!(ValueType::Pointer.show(0), "null");
    }
}
