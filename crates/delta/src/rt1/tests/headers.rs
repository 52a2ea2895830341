//! Headers that say what cannot be, each with a good checksum.

use super::*;

fn check(name: &str, code: &str, spoil: &dyn Fn(&mut Draft)) {
    let (base, artifact, control) = small();
    let mut draft = Draft::new(&base, &artifact, control);
    spoil(&mut draft);
    let error = run(&base, &draft.bytes(), &artifact).expect_err(name);
    assert_eq!(error.code(), code, "{name}: {error}");
}

/// With the memory that such streams need.
fn check_streams(name: &str, code: &str, spoil: &dyn Fn(&mut Vec<Stream>)) {
    check(name, code, &|draft| {
        spoil(&mut draft.header.streams);
        draft.header.memory = memory(&draft.header.streams);
    });
    // And without.
    check(name, "E-PATCH-MALFORMED", &|draft| {
        let before = draft.header.streams.clone();
        spoil(&mut draft.header.streams);
        if memory(&before) == memory(&draft.header.streams) {
            draft.header.memory += 1;
        }
    });
}

#[test]
fn who_turns_into_whom() {
    check("another format", "E-PATCH-FORMAT", &|draft| {
        draft.header.format = FormatId::parse("bsz1").unwrap();
    });
    for length in [0, 1, 1199, 1201, 1 << 31, 1 << 32, 1 << 62, u64::MAX] {
        check("base length", "E-PATCH-BASE", &|draft| draft.header.base.length = length);
        check("artifact length", "E-PATCH-ARTIFACT", &|draft| draft.header.artifact.length = length);
    }
    check("artifact hash", "E-PATCH-ARTIFACT", &|draft| draft.header.artifact.sha256 = Digest::of(b"x"));
}

#[test]
fn memory_that_is_not_what_it_takes() {
    for more in [129 << 20, 1 << 63, u64::MAX] {
        check("above the limit", "E-PATCH-MEMORY", &|draft| draft.header.memory = more);
    }
    for memory in [0, 1, 1 << 20, 127 << 20] {
        check("another", "E-PATCH-MALFORMED", &|draft| draft.header.memory = memory);
    }
    for off in [-1, 1, 24, -24] {
        check("a little off", "E-PATCH-MALFORMED", &|draft| {
            draft.header.memory = draft.header.memory.wrapping_add_signed(off);
        });
    }
}

#[test]
fn streams_that_are_none() {
    let malformed = "E-PATCH-MALFORMED";
    check("no streams", malformed, &|draft| draft.header.streams.clear());
    check("no streams, all memory", "E-PATCH-MEMORY", &|draft| {
        draft.header.streams.clear();
        draft.header.memory = u64::MAX;
    });
    check("three streams", malformed, &|draft| {
        let stream = draft.header.streams[1];
        draft.header.streams.push(stream);
    });
    check("33 streams", malformed, &|draft| {
        draft.header.streams = vec![draft.header.streams[0]; 33];
    });
    check_streams("streams swapped", malformed, &|streams| streams.swap(0, 1));
    check_streams("control twice", malformed, &|streams| streams[1].role = Role::CONTROL);
    check_streams("content twice", malformed, &|streams| streams[0].role = Role::CONTENT);
    check_streams("difference", malformed, &|streams| streams[1].role = Role::DIFFERENCE);
    for stream in 0..2 {
        for codec in [0, 1, 3, 255] {
            check_streams("codec", malformed, &|streams| streams[stream].codec = codec);
        }
        for packed in [0, 1, 7] {
            check_streams("less than a coder starts with", malformed, &|s| s[stream].packed = packed);
        }
    }
    for log in [1, 10, 64, 255] {
        check_streams("a window of the control stream", malformed, &|s| s[0].window_log = log);
    }
    for log in [0, 9, 22] {
        check_streams("too many or few targets", malformed, &|s| s[1].window_log = log);
    }
    for log in [32, 63, 64, 255] {
        check_streams("far too many targets", "E-PATCH-MEMORY", &|s| s[1].window_log = log);
    }
    for plain in [0, 1, 1212, 1214, 1 << 31] {
        check_streams("content of another length", malformed, &|s| s[1].plain = plain);
    }
    for plain in [1 << 40, u64::MAX] {
        check_streams("content of endless length", "E-PATCH-MEMORY", &|s| s[1].plain = plain);
    }
    for plain in [0, 1] {
        check_streams("fewer blocks than there are", malformed, &|s| s[0].plain = plain);
    }
    for plain in [6 << 20, 1 << 40, u64::MAX / 24, u64::MAX] {
        check_streams("more blocks than fit", "E-PATCH-MEMORY", &|s| s[0].plain = plain);
    }
}

#[test]
fn packed_lengths_that_are_wrong() {
    for (stream, off) in [(0, -1), (0, 1), (1, -1), (0, -5)] {
        check_streams("packed", "E-PATCH-MALFORMED", &|streams| {
            streams[stream].packed = streams[stream].packed.wrapping_add_signed(off);
        });
    }
    // What is missing at the end is noticed as such.
    for more in [1, 1 << 20, u64::MAX / 2] {
        check("packed", "E-PATCH-TRUNCATED", &|draft| draft.header.streams[1].packed += more);
    }
    check("trailing", "E-PATCH-TRAILING", &|draft| draft.content.push(0));
    check("trailing, declared", "E-PATCH-MALFORMED", &|draft| {
        draft.content.push(0);
        draft.header.streams[1].packed += 1;
    });
    check("trailing control, declared", "E-PATCH-MALFORMED", &|draft| {
        draft.control.push(0);
        draft.header.streams[0].packed += 1;
    });
}

/// A whole artifact.
fn whole() -> (Vec<u8>, Draft) {
    let artifact = b"whatever".to_vec();
    let mut packer = crate::bsz1::Packer::with_level(8, 3).unwrap();
    let content = packer.pack(&artifact, true).unwrap();
    let mut draft = Draft::of_streams(&Vec::new(), &artifact, 0, LEARNED, Vec::new(), content);
    draft.header.streams.remove(0);
    draft.header.streams[0].codec = crate::container::CODEC_ZSTD;
    draft.header.memory = memory(&draft.header.streams);
    (artifact, draft)
}

fn check_whole(name: &str, code: &str, spoil: &dyn Fn(&mut Draft)) {
    let (artifact, mut draft) = whole();
    spoil(&mut draft);
    draft.header.memory = memory(&draft.header.streams);
    assert_eq!(code_of(&Vec::new(), &draft.bytes(), &artifact), Some(code), "{name}");
}

#[test]
fn whole_artifacts() {
    let (artifact, draft) = whole();
    run(&Vec::new(), &draft.bytes(), &artifact).unwrap();
    let malformed = "E-PATCH-MALFORMED";
    check_whole("role", malformed, &|draft| draft.header.streams[0].role = Role::CONTROL);
    check_whole("codec", malformed, &|draft| draft.header.streams[0].codec = CODEC_MIX);
    for log in [0, 9, 24, 26] {
        check_whole("window", malformed, &|draft| draft.header.streams[0].window_log = log);
    }
    for log in [27, 63, 64, 255] {
        check_whole("huge window", "E-PATCH-MEMORY", &|draft| draft.header.streams[0].window_log = log);
    }
    for plain in [0, 7, 9, u64::MAX] {
        check_whole("plain", malformed, &|draft| draft.header.streams[0].plain = plain);
    }
    check_whole("no bytes", malformed, &|draft| draft.header.streams[0].packed = 0);
    check_whole("less", "E-PATCH-TRUNCATED", &|draft| draft.header.streams[0].packed -= 1);
    check_whole("more", "E-PATCH-TRUNCATED", &|draft| draft.header.streams[0].packed += 1);
    check_whole("trailing", "E-PATCH-TRAILING", &|draft| draft.content.push(0));
    check_whole("trailing, declared", malformed, &|draft| {
        draft.content.push(0);
        draft.header.streams[0].packed += 1;
    });
    check_whole("no zstd", malformed, &|draft| draft.content.fill(0x55));
    check_whole("two frames", malformed, &|draft| {
        draft.content.extend_from_within(..);
        draft.header.streams[0].packed *= 2;
    });
}

#[test]
fn a_whole_bomb_is_noticed_at_its_first_byte_too_much() {
    let zeros = vec![0; 64 << 20];
    let mut packer = crate::bsz1::Packer::with_level(zeros.len() as u64, 3).unwrap();
    let packed = packer.pack(&zeros, true).unwrap();
    let (artifact, mut draft) = whole();
    draft.header.streams[0].packed = packed.len() as u64;
    draft.header.streams[0].window_log = 23;
    draft.header.memory = memory(&draft.header.streams);
    draft.content = packed;
    let error = run(&Vec::new(), &draft.bytes(), &artifact).unwrap_err();
    assert!(matches!(error, Error::TooLong { expected: 8 }), "{error}");
}
