//! The lifetime of a secret.

use std::time::Duration;

const SECONDS_PER_HOUR: f64 = 3600.0;

/// The shortest lifetime of a secret.
const SHORTEST: Duration = Duration::from_secs(1);
/// The same, in hours.
pub const SHORTEST_HOURS: f64 = 1.0 / SECONDS_PER_HOUR;

/// The time between a secret's creation and its expiry, and the hours that its sender asked for.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct TimeToLive {
    /// The hours in the request; `None` if the sender left them to the service.
    pub hours: Option<f64>,
    /// The lifetime, requested or default.
    pub duration: Duration,
}

/// The hours are not a number, are less than a second, or exceed the maximum.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not between one second and the longest time to live")]
pub struct TimeToLiveError;

impl TimeToLive {
    /// Checks the requested hours, or takes the default. Fractions are allowed: 0.25 is fifteen minutes.
    ///
    /// # Errors
    ///
    /// [`TimeToLiveError`] for less than one second or more than `max_hours`.
    pub fn parse(
        hours: Option<f64>,
        default_hours: f64,
        max_hours: f64,
    ) -> Result<Self, TimeToLiveError> {
        let effective = hours.unwrap_or(default_hours);
        let duration = Duration::try_from_secs_f64(effective * SECONDS_PER_HOUR)
            .map_err(|_negative_or_huge| TimeToLiveError)?;
        if duration < SHORTEST || effective > max_hours {
            return Err(TimeToLiveError);
        }
        Ok(Self { hours, duration })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(hours: f64) -> Result<Duration, TimeToLiveError> {
        TimeToLive::parse(Some(hours), 24.0, 720.0).map(|time_to_live| time_to_live.duration)
    }

    #[test]
    fn fractions_of_an_hour_count() {
        assert_eq!(parse(0.25), Ok(Duration::from_mins(15)));
    }

    #[test]
    fn one_second_and_the_maximum_are_the_bounds() {
        assert!(parse(1.0 / SECONDS_PER_HOUR).is_ok());
        assert!(parse(720.0).is_ok());
        for hours in [0.0, -1.0, 0.999 / SECONDS_PER_HOUR, 720.000_001, f64::NAN, f64::INFINITY] {
            assert_eq!(parse(hours), Err(TimeToLiveError), "{hours}");
        }
    }

    #[test]
    fn hours_that_are_left_out_are_the_default() {
        let time_to_live = TimeToLive { hours: None, duration: Duration::from_hours(24) };
        assert_eq!(TimeToLive::parse(None, 24.0, 720.0), Ok(time_to_live));
    }
}
