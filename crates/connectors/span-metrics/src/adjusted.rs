//! How many spans a span stands for, if others were left out by sampling.

use headwater_sampling::{Threshold, TraceState};

/// Remembers the last trace state: spans that follow each other tend to have the same.
#[derive(Debug)]
pub(crate) struct AdjustedCounts {
    state: Vec<u8>,
    answer: Adjusted,
    random: u64,
}

/// How much a span counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Adjusted {
    /// Times that it counts.
    pub(crate) times: u64,
    /// Whether its trace state says so.
    pub(crate) extrapolated: bool,
}

const ONE: Adjusted = Adjusted {
    times: 1,
    extrapolated: false,
};

impl AdjustedCounts {
    pub(crate) fn new(seed: u64) -> Self {
        Self {
            state: Vec::new(),
            answer: ONE,
            random: seed | 1,
        }
    }

    #[inline]
    pub(crate) fn of(&mut self, trace_state: &[u8]) -> Adjusted {
        if trace_state.is_empty() {
            return ONE;
        }
        if trace_state != self.state {
            self.answer = self.compute(trace_state);
            self.state.clear();
            self.state.extend_from_slice(trace_state);
        }
        self.answer
    }

    fn compute(&mut self, trace_state: &[u8]) -> Adjusted {
        let Some(threshold) = TraceState::parse(trace_state)
            .ok()
            .and_then(|state| state.threshold())
        else {
            return ONE;
        };
        let all = Threshold::NEVER.value();
        let kept = all - threshold.value();
        if kept == 0 {
            return ONE;
        }
        // Rounded up as often as the fraction says, so that sums come out right.
        let up = self.next() % kept < all % kept;
        Adjusted {
            times: all / kept + u64::from(up),
            extrapolated: true,
        }
    }

    /// Xorshift: good enough to round.
    fn next(&mut self) -> u64 {
        self.random ^= self.random << 12;
        self.random ^= self.random >> 25;
        self.random ^= self.random << 27;
        self.random.wrapping_mul(0x2545_f491_4f6c_dd1d)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_threshold_multiplies_and_anything_else_does_not() {
        let mut counts = AdjustedCounts::new(1);
        for (state, times, extrapolated) in [
            ("", 1, false),
            ("ot=th:8", 2, true),
            ("ot=th:c", 4, true),
            ("a=b,ot=th:0;rv:00000000000001", 1, true),
            ("ot=rv:00000000000001", 1, false),
            ("a=b", 1, false),
            ("ot=th:zz", 1, false),
        ] {
            let expected = Adjusted {
                times,
                extrapolated,
            };
            assert_eq!(counts.of(state.as_bytes()), expected, "{state}");
        }
    }

    #[test]
    fn fractions_come_out_right_on_average() {
        let mut counts = AdjustedCounts::new(7);
        // Two of three are kept: each counts for one and a half.
        let states = ["ot=th:55555555555555", "ot=th:55555555555556"];
        let sum: u64 = (0..3000)
            .map(|n| counts.of(states[n % 2].as_bytes()).times)
            .sum();
        assert!((4300..4700).contains(&sum), "{sum}");
    }
}
