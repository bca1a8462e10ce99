// SPDX-License-Identifier: GPL-2.0-only

//! The description of an event's bytes, in `events/SYSTEM/EVENT/format` of tracefs: the number of the event, and the
//! place of each field. `events/header_page` describes a page of the ring buffer in the same way.
//! The form is in Linux, Documentation/trace/events.rst, "Event formats".

/// A field of an event.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Field {
    name: String,
    pub(super) offset: usize,
    pub(super) size: usize,
    /// Whether the field has the place and the length of a text that follows all fields.
    is_text_elsewhere: bool,
}

/// The place of a number of `N` bytes.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Number<const N: usize>(usize);

/// The place of a number as wide as an address of the kernel.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Long {
    Eight(Number<8>),
    Four(Number<4>),
}

/// The place of a text.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Text {
    /// At this offset, with this length.
    Here(usize, usize),
    /// At the place in this number.
    Elsewhere(Number<4>),
}

/// The layout of an event's bytes.
#[derive(Debug, PartialEq)]
pub(super) struct Format {
    /// The number of the event, with which its bytes begin.
    pub(super) id: u16,
    fields: Vec<Field>,
}

impl Format {
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        let id = text.lines().find_map(|row| row.strip_prefix("ID: "));
        let id = id.ok_or("it has no ID")?.trim();
        Ok(Self {
            id: id.parse().map_err(|_| format!("its ID is '{id}'"))?,
            fields: fields(text)?,
        })
    }

    /// A number of `N` bytes.
    pub(super) fn number<const N: usize>(&self, name: &str) -> Result<Number<N>, String> {
        named(&self.fields, name)?.number()
    }

    /// An address, or another number of that size.
    pub(super) fn long(&self, name: &str) -> Result<Long, String> {
        named(&self.fields, name)?.long()
    }

    /// A text: in its field, or after all fields.
    pub(super) fn text(&self, name: &str) -> Result<Text, String> {
        let field = named(&self.fields, name)?;
        match field.is_text_elsewhere {
            false => Ok(Text::Here(field.offset, field.size)),
            true => Ok(Text::Elsewhere(Number(field.offset))),
        }
    }
}

/// Parses the fields in a format file of tracefs.
pub(super) fn fields(text: &str) -> Result<Vec<Field>, String> {
    let rows = text
        .lines()
        .filter_map(|row| row.trim_start().strip_prefix("field:"));
    rows.map(|row| field(row).ok_or_else(|| format!("it has a field in an unknown form: {row}")))
        .collect()
}

/// The field of this name.
pub(super) fn named(fields: &[Field], name: &str) -> Result<Field, String> {
    let field = fields.iter().find(|field| field.name == name);
    field
        .cloned()
        .ok_or_else(|| format!("it has no field {name}"))
}

/// `int irq; offset:8; size:4; signed:1;`, with tabs between
fn field(row: &str) -> Option<Field> {
    let mut parts = row.split(';').map(str::trim);
    let declaration = parts.next()?;
    let mut number = |key: &str| parts.next()?.strip_prefix(key)?.parse::<usize>().ok();
    let (offset, size) = (number("offset:")?, number("size:")?);
    let name = declaration.split_whitespace().last()?;
    Some(Field {
        // `char prev_comm[16]`
        name: name.split('[').next()?.to_string(),
        offset,
        size,
        is_text_elsewhere: declaration.starts_with("__data_loc "),
    })
}

impl Field {
    /// Its place, if it is a number of four or eight bytes.
    pub(super) fn long(&self) -> Result<Long, String> {
        match self.size {
            4 => self.number().map(Long::Four),
            _ => self.number().map(Long::Eight),
        }
    }

    /// Its place, if it is a number of `N` bytes.
    pub(super) fn number<const N: usize>(&self) -> Result<Number<N>, String> {
        let Self { name, size, .. } = self;
        match *size == N && !self.is_text_elsewhere {
            true => Ok(Number(self.offset)),
            false => Err(format!(
                "its field {name} has {size} bytes and is not a number of {N} bytes"
            )),
        }
    }
}

impl<const N: usize> Number<N> {
    /// The place at this offset.
    pub(super) const fn at(offset: usize) -> Self {
        Self(offset)
    }

    #[inline]
    fn bytes(self, bytes: &[u8]) -> Option<[u8; N]> {
        bytes.get(self.0..)?.first_chunk().copied()
    }
}

impl Number<4> {
    #[inline]
    pub(super) fn read(self, bytes: &[u8]) -> Option<u32> {
        self.bytes(bytes).map(u32::from_ne_bytes)
    }
}

impl Number<8> {
    #[inline]
    pub(super) fn read(self, bytes: &[u8]) -> Option<u64> {
        self.bytes(bytes).map(u64::from_ne_bytes)
    }
}

impl Long {
    #[inline]
    pub(super) fn read(self, bytes: &[u8]) -> Option<u64> {
        match self {
            Self::Eight(number) => number.read(bytes),
            Self::Four(number) => number.read(bytes).map(u64::from),
        }
    }
}

impl Text {
    /// Whether the text begins with these bytes.
    #[inline]
    pub(super) fn begins(self, bytes: &[u8], with: &[u8]) -> Option<bool> {
        match self {
            Self::Elsewhere(_) => Some(self.read(bytes)?.starts_with(with)),
            Self::Here(offset, _) => Some(bytes.get(offset..)?.starts_with(with)),
        }
    }

    /// The text, without the zeros after it.
    #[inline]
    pub(super) fn read(self, bytes: &[u8]) -> Option<&[u8]> {
        match self {
            Self::Elsewhere(place) => {
                let place = place.read(bytes)?;
                let (offset, length) = ((place & 0xffff) as usize, (place >> 16) as usize);
                let text = bytes.get(offset..)?.get(..length)?;
                Some(text.strip_suffix(&[0]).unwrap_or(text))
            }
            Self::Here(offset, size) => {
                let text = bytes.get(offset..)?.get(..size)?;
                let end = text.iter().position(|byte| *byte == 0);
                Some(&text[..end.unwrap_or(text.len())])
            }
        }
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    pub(in crate::handlers) const IRQ_ENTRY: &str = "\
name: irq_handler_entry
ID: 157
format:
\tfield:unsigned short common_type;\toffset:0;\tsize:2;\tsigned:0;
\tfield:unsigned char common_flags;\toffset:2;\tsize:1;\tsigned:0;
\tfield:unsigned char common_preempt_count;\toffset:3;\tsize:1;\tsigned:0;
\tfield:int common_pid;\toffset:4;\tsize:4;\tsigned:1;

\tfield:int irq;\toffset:8;\tsize:4;\tsigned:1;
\tfield:__data_loc char[] name;\toffset:12;\tsize:4;\tsigned:0;

print fmt: \"irq=%d name=%s\", REC->irq, __get_str(name)
";
    const SWITCH: &str = "\
name: sched_switch
ID: 310
format:
\tfield:char prev_comm[16];\toffset:8;\tsize:16;\tsigned:0;
\tfield:long prev_state;\toffset:32;\tsize:8;\tsigned:1;
";

    #[test]
    fn each_field_is_where_the_kernel_says() {
        let format = Format::parse(IRQ_ENTRY).unwrap();
        assert_eq!(format.id, 157);
        let bytes = [
            157, 0, 0, 0, 42, 0, 0, 0, 26, 0, 0, 0, 16, 0, 5, 0, b'e', b't', b'h', b'0', 0,
        ];
        assert_eq!(format.number::<4>("irq").unwrap().read(&bytes), Some(26));
        assert_eq!(format.number::<2>("common_type"), Ok(Number::at(0)));
        assert_eq!(format.long("common_pid").unwrap().read(&bytes), Some(42));
        let name = format.text("name").unwrap();
        assert_eq!(name.read(&bytes), Some(&b"eth0"[..]));
        // A field that is cut off is not read.
        assert_eq!(name.read(&bytes[..20]), None);
        assert_eq!(format.number::<4>("irq").unwrap().read(&bytes[..10]), None);
    }

    #[test]
    fn a_text_may_stand_in_its_place() {
        let format = Format::parse(SWITCH).unwrap();
        let mut bytes = [0; 40];
        bytes[8..14].copy_from_slice(b"kwork\0");
        let comm = format.text("prev_comm").unwrap();
        assert_eq!(comm.read(&bytes), Some(&b"kwork"[..]));
        assert_eq!(comm.begins(&bytes, b"kw"), Some(true));
        assert_eq!(comm.begins(&bytes, b"irq/"), Some(false));
        bytes[8..24].fill(b'x');
        assert_eq!(comm.read(&bytes), Some(&[b'x'; 16][..]));
        let state = format.long("prev_state").unwrap();
        assert_eq!(state, Long::Eight(Number(32)));
    }

    #[test]
    fn a_missing_field_is_named() {
        for (text, why) in [
            ("", "it has no ID"),
            ("ID: x\n", "its ID is 'x'"),
            ("ID: 70000\n", "its ID is '70000'"),
            (
                "ID: 1\n\tfield:int a;\n",
                "it has a field in an unknown form: int a;",
            ),
        ] {
            assert_eq!(Format::parse(text).unwrap_err(), why);
        }
        let format = Format::parse(IRQ_ENTRY).unwrap();
        let why = format.number::<4>("vec").unwrap_err();
        assert_eq!(why, "it has no field vec");
        let why = format.number::<4>("name").unwrap_err();
        assert_eq!(
            why,
            "its field name has 4 bytes and is not a number of 4 bytes"
        );
        let why = format.number::<2>("irq").unwrap_err();
        assert_eq!(
            why,
            "its field irq has 4 bytes and is not a number of 2 bytes"
        );
    }

    proptest::proptest! {
        #[test]
        fn no_text_makes_it_panic(
            text in damaged_text::texts(&[IRQ_ENTRY, SWITCH]),
            bytes in proptest::collection::vec(proptest::num::u8::ANY, 0..64),
        ) {
            if let Ok(format) = Format::parse(&text) {
                for field in &format.fields {
                    let _ = format.text(&field.name).map(|text| text.read(&bytes));
                    let _ = format.long(&field.name).map(|long| long.read(&bytes));
                }
            }
        }
    }
}
