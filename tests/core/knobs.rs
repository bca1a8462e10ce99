// SPDX-License-Identifier: GPL-2.0-only

//! The knob table, and the checks of values.

use proptest::prelude::*;
use simrupt_core::knobs::{Flavor, Knob, Policy, Rejection, Values, MAX_LINES, TABLE};

fn shown(knob: Knob, value: i64) -> String {
    let mut text = String::new();
    knob.spec().show(value, &mut text).unwrap();
    text
}

#[test]
fn every_default_is_a_value_of_its_knob() {
    for spec in TABLE {
        assert!(spec.parse(spec.default).is_ok(), "{}", spec.name);
    }
    assert_eq!(Knob::RateHz.default_value(), 10);
    assert_eq!(
        shown(Knob::Workqueue, Knob::Workqueue.default_value()),
        "unbound"
    );
}

#[test]
fn every_knob_finds_its_own_row() {
    for (knob, spec) in Knob::ALL.iter().zip(TABLE) {
        assert_eq!(knob.spec().name, spec.name);
    }
    assert_eq!(Knob::FifoPolicy.spec().name, "fifo_policy");
}

#[test]
fn every_row_has_eight_fields_without_tabs() {
    for spec in TABLE {
        assert_eq!(spec.to_string().split('\t').count(), 8, "{}", spec.name);
    }
    assert_eq!(
        Knob::RateHz.spec().to_string(),
        "rate_hz\tu64\t0..1000000\t10\tHz\tlive\tevents per second on the ideal schedule; 0 is silent\tline"
    );
}

#[test]
fn knobs_that_can_be_changed_are_of_each_line() {
    for spec in TABLE {
        assert!(spec.per_line || !spec.live, "{}", spec.name);
        assert_eq!(spec.per_line, spec.name != "lines", "{}", spec.name);
    }
}

#[test]
fn choices_round_trip_through_their_names() {
    for flavor in Flavor::ALL {
        let value = Knob::Workqueue.spec().parse(flavor.name()).unwrap();
        assert_eq!(Flavor::from_value(value), *flavor);
        assert_eq!(shown(Knob::Workqueue, value), flavor.name());
    }
    assert_eq!(Policy::from_value(99), Policy::Overwrite);
    assert_eq!(Policy::from_value(-1), Policy::Overwrite);
}

#[test]
fn a_choice_is_shown_in_brackets_among_the_others() {
    let mut text = String::new();
    let spec = Knob::Workqueue.spec();
    spec.show_among(spec.parse("bh").unwrap(), &mut text)
        .unwrap();
    assert_eq!(
        text,
        "bound unbound [bh] ordered highpri unbound-highpri bh-highpri cpu-intensive \
         none irq-thread tasklet kthread-worker irq-poll napi napi-threaded"
    );
}

#[test]
fn white_space_around_a_value_is_fine() {
    assert_eq!(Knob::RateHz.spec().parse(" \t100\r\n"), Ok(100));
    assert_eq!(Knob::FifoPolicy.spec().parse("drop\n"), Ok(1));
}

#[test]
fn what_is_no_number_is_invalid() {
    for text in [
        "", " ", "\n", "abc", "1 2", "10.5", "1e3", "0x10", "1_000", "-", "+", "--1", "1,2", "१",
        "5\0",
    ] {
        assert_eq!(
            Knob::RateHz.spec().parse(text),
            Err(Rejection::Invalid),
            "{text:?}"
        );
    }
}

#[test]
fn a_number_beyond_the_range_is_out_of_range_however_long_it_is() {
    let long = "9".repeat(4096);
    for text in [
        "-1",
        "1000001",
        "18446744073709551616",
        "-9223372036854775809",
        &long,
    ] {
        assert_eq!(
            Knob::RateHz.spec().parse(text),
            Err(Rejection::OutOfRange),
            "{text:?}"
        );
    }
}

#[test]
fn the_ends_of_each_range_are_in_it() {
    for knob in Knob::ALL {
        if let Values::Number { min, max } | Values::PowerOfTwo { min, max } = knob.spec().values {
            assert_eq!(knob.spec().parse(&min.to_string()), Ok(min));
            assert_eq!(knob.spec().parse(&max.to_string()), Ok(max));
            assert_eq!(
                knob.spec().parse(&(max + 1).to_string()),
                Err(Rejection::OutOfRange)
            );
            assert_eq!(
                knob.spec().parse(&(min - 1).to_string()),
                Err(Rejection::OutOfRange)
            );
        }
    }
}

#[test]
fn a_name_that_is_not_a_choice_is_invalid() {
    for text in ["", "BH", "bh unbound", "[bh]", "0", "boun", "boundd"] {
        assert_eq!(
            Knob::Workqueue.spec().parse(text),
            Err(Rejection::Invalid),
            "{text:?}"
        );
    }
}

#[test]
fn the_last_value_of_a_list_repeats() {
    let mut values = [0; 4];
    assert_eq!(
        Knob::RateHz.spec().parse_list("100,1000\n", &mut values),
        Ok(2)
    );
    assert_eq!(values, [100, 1000, 1000, 1000]);
    assert_eq!(Knob::RateHz.spec().parse_list("7", &mut values), Ok(1));
    assert_eq!(values, [7; 4]);
}

#[test]
fn a_list_is_refused_whole() {
    let mut values = [0; 2];
    let spec = Knob::RateHz.spec();
    assert_eq!(
        spec.parse_list("1,2,3", &mut values),
        Err(Rejection::TooMany)
    );
    assert_eq!(
        spec.parse_list("1,,3", &mut values),
        Err(Rejection::Invalid)
    );
    assert_eq!(spec.parse_list("1,", &mut values), Err(Rejection::Invalid));
    assert_eq!(
        spec.parse_list("1,2000000", &mut values),
        Err(Rejection::OutOfRange)
    );
    let long = "1,".repeat(MAX_LINES) + "1";
    assert_eq!(
        spec.parse_list(&long, &mut [0; MAX_LINES]),
        Err(Rejection::TooMany)
    );
}

proptest! {
    #[test]
    fn a_fifo_size_is_rounded_up_to_a_power_of_two(size in 16_u64..=1048576) {
        let rounded = Knob::FifoSize.spec().parse(&size.to_string()).unwrap();
        prop_assert_eq!(rounded, i64::try_from(size.next_power_of_two()).unwrap());
    }

    #[test]
    fn no_text_makes_the_parser_panic(text in ".{0,40}") {
        for spec in TABLE {
            let _ = spec.parse(&text);
            let _ = spec.parse_list(&text, &mut [0; 3]);
        }
    }
}
