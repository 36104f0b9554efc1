//! How long a secret may live.

use std::time::Duration;

const SECONDS_PER_HOUR: f64 = 3600.0;

/// The shortest life a secret may be given.
pub const SHORTEST: Duration = Duration::from_secs(1);
/// The same, in hours.
pub const SHORTEST_HOURS: f64 = 1.0 / SECONDS_PER_HOUR;

/// The time between a secret's creation and its expiry: from [`SHORTEST`] to the configured most.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Lifetime(Duration);

/// The hours asked for are no lifetime: not a number, under a second, or over the most.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not between one second and the longest lifetime")]
pub struct LifetimeError;

impl Lifetime {
    /// Reads a number of hours, of which fractions count: 0.25 is fifteen minutes.
    ///
    /// # Errors
    ///
    /// [`LifetimeError`] for what is under one second or over `most_hours`.
    pub fn parse(hours: f64, most_hours: f64) -> Result<Self, LifetimeError> {
        let lifetime = Duration::try_from_secs_f64(hours * SECONDS_PER_HOUR)
            .map_err(|_negative_or_huge| LifetimeError)?;
        if lifetime < SHORTEST || hours > most_hours {
            return Err(LifetimeError);
        }
        Ok(Self(lifetime))
    }

    /// The same as a [`Duration`].
    #[must_use]
    pub const fn as_duration(self) -> Duration {
        self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fractions_of_an_hour_count() {
        let quarter = Lifetime::parse(0.25, 720.0).map(Lifetime::as_duration);
        assert_eq!(quarter, Ok(Duration::from_mins(15)));
    }

    #[test]
    fn one_second_and_the_most_are_the_bounds() {
        assert!(Lifetime::parse(1.0 / SECONDS_PER_HOUR, 720.0).is_ok());
        assert!(Lifetime::parse(720.0, 720.0).is_ok());
        for hours in [0.0, -1.0, 0.999 / SECONDS_PER_HOUR, 720.000_001, f64::NAN, f64::INFINITY] {
            assert_eq!(Lifetime::parse(hours, 720.0), Err(LifetimeError), "{hours}");
        }
    }
}
