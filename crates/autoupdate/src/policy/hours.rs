//! Hours of the day, such as `22:00-07:00`.

use std::fmt;

use jiff::Timestamp;
use jiff::civil::Time;
use jiff::tz::TimeZone;

/// A part of every day, from a time to another one, perhaps past midnight. Never all of it and never nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Hours {
    begin: Time,
    end: Time,
}

impl Hours {
    /// From `22:00-07:00`: two times in 24 hours, minutes included.
    ///
    /// # Errors
    /// What they must be.
    pub fn parse(text: &str) -> Result<Self, &'static str> {
        const WANTED: &str = "it must be two times such as \"22:00-07:00\"";
        let (begin, end) = text.split_once('-').ok_or(WANTED)?;
        let time = |text: &str| {
            let (hour, minute) = text.trim().split_once(':')?;
            let two = |text: &str| {
                (text.len() <= 2 && text.bytes().all(|byte| byte.is_ascii_digit()))
                    .then(|| text.parse::<i8>().ok())?
            };
            Time::new(two(hour)?, two(minute)?, 0, 0).ok()
        };
        match (time(begin), time(end)) {
            (Some(begin), Some(end)) if begin != end => Ok(Self { begin, end }),
            _ => Err(WANTED),
        }
    }

    /// Whether `now` lies in them. The first minute does, the last time does not.
    #[must_use]
    pub fn contain(&self, now: Timestamp, zone: &TimeZone) -> bool {
        let time = zone.to_datetime(now).time();
        if self.begin < self.end {
            self.begin <= time && time < self.end
        } else {
            self.begin <= time || time < self.end
        }
    }

    /// When they begin next.
    #[must_use]
    pub fn begin_after(&self, now: Timestamp, zone: &TimeZone) -> Option<Timestamp> {
        next(self.begin, now, zone)
    }

    /// When they end next.
    #[must_use]
    pub fn end_after(&self, now: Timestamp, zone: &TimeZone) -> Option<Timestamp> {
        next(self.end, now, zone)
    }
}

/// The next moment at which clocks show this time. A time that is left out when clocks go forward counts as the moment after.
#[must_use]
pub fn next(time: Time, now: Timestamp, zone: &TimeZone) -> Option<Timestamp> {
    let today = zone.to_datetime(now).date();
    let on = |date: jiff::civil::Date| zone.to_timestamp(date.to_datetime(time)).ok();
    on(today).filter(|at| *at > now).or_else(|| on(today.tomorrow().ok()?))
}

impl fmt::Display for Hours {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { begin, end } = self;
        write!(f, "{:02}:{:02}-{:02}:{:02}", begin.hour(), begin.minute(), end.hour(), end.minute())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    #[test]
    fn hours_are_parsed_strictly_and_written_alike() {
        let check = |text: &str, expected: Option<&str>| {
            let hours = Hours::parse(text).ok().map(|hours| hours.to_string());
            assert_eq!(hours.as_deref(), expected, "{text}");
        };
        check("22:00-07:00", Some("22:00-07:00"));
        check("9:30 - 17:05", Some("09:30-17:05"));
        for bad in [
            "",
            "22-7",
            "22:00",
            "24:00-07:00",
            "22:60-07:00",
            "07:00-07:00",
            "+1:00-02:00",
            "22:00-07:00-08:00",
            "022:00-07:00",
        ] {
            check(bad, None);
        }
    }

    #[test]
    fn hours_past_midnight_contain_both_sides_of_it() {
        let zone = TimeZone::get("Europe/Berlin").unwrap_or(TimeZone::UTC);
        let night = Hours::parse("22:00-07:00").unwrap();
        let check = |text: &str, expected: bool| {
            let now = zone.to_timestamp(text.parse().unwrap()).unwrap();
            assert_eq!(night.contain(now, &zone), expected, "{text}");
        };
        check("2026-11-27T21:59:59", false);
        check("2026-11-27T22:00:00", true);
        check("2026-11-28T00:00:00", true);
        check("2026-11-28T06:59:59", true);
        check("2026-11-28T07:00:00", false);
        let day = Hours::parse("09:00-17:00").unwrap();
        assert!(day.contain(at("2026-11-27T12:00:00Z"), &TimeZone::UTC));
        assert!(!day.contain(at("2026-11-27T17:00:00Z"), &TimeZone::UTC));
    }

    #[test]
    fn their_edges_come_today_or_tomorrow() {
        let night = Hours::parse("22:00-07:00").unwrap();
        let now = at("2026-11-27T23:00:00Z");
        assert_eq!(night.end_after(now, &TimeZone::UTC), Some(at("2026-11-28T07:00:00Z")));
        assert_eq!(night.begin_after(now, &TimeZone::UTC), Some(at("2026-11-28T22:00:00Z")));
        assert_eq!(
            night.begin_after(at("2026-11-27T22:00:00Z"), &TimeZone::UTC),
            Some(at("2026-11-28T22:00:00Z"))
        );
    }
}
