using CsCheck;
using PipelineService.Core.Datasets;
using PipelineService.Core.Encoding;
using Xunit;

namespace PipelineService.Core.Tests.Encoding.Text;

public sealed class TextTests
{
    private static readonly FieldDefinition String = Encoded.Field(FieldType.String);

    /// <summary>Characters of one to four bytes, control characters among them; only NUL is none that can be stored.</summary>
    private static readonly Gen<string> Character = Gen.OneOf(
        Gen.Int[0x01, 0x7F], Gen.Int[0x80, 0x7FF], Gen.Int[0x800, 0xD7FF], Gen.Int[0xE000, 0xFFFF], Gen.Int[0x1_0000, 0x10_FFFF])
        .Select(char.ConvertFromUtf32);

    [Fact]
    public void Keeps_every_valid_text() => Character.Array[0, 50].Select(string.Concat).Sample(
        text =>
        {
            byte[] bytes = System.Text.Encoding.UTF8.GetBytes(text);
            Assert.Equal(bytes, Encoded.Text(String, bytes).Bytes);
        },
        iter: 10_000);

    [Theory]
    [InlineData("FF")]
    [InlineData("C080")]
    [InlineData("EDA080")]
    [InlineData("61E282")]
    [InlineData("F4908080")]
    public void Refuses_text_that_is_not_utf8(string hex)
    {
        byte[] bytes = Convert.FromHexString(hex);
        Assert.Equal("InvalidUtf8", Encoded.Text(String, bytes).Hex);
        Assert.Equal("InvalidUtf8", Encoded.Text(Encoded.Field(FieldType.Any), bytes).Hex);
        Assert.Equal("InvalidUtf8", Encoded.Text(Encoded.Field(FieldType.String, SqlTypeName.Uuid), bytes).Hex);
    }

    /// <summary>Short text is looked at by words and blocks: a byte of every kind at every place in every length.</summary>
    [Fact]
    public void Sees_the_byte_that_is_not_plain_wherever_it_stands()
    {
        (byte Odd, string Code)[] kinds =
            [(0x01, "None"), (0x7F, "None"), (0x00, "NulCharacter"), (0x80, "InvalidUtf8"), (0xFF, "InvalidUtf8")];
        var rows = new RowBuffer();
        FieldEncoder encoder = FieldEncoders.Create(String);
        for (int length = 1; length <= 40; length++)
        {
            for (int place = 0; place < length; place++)
            {
                byte[] text = [.. Enumerable.Repeat((byte)'a', length)];
                foreach ((byte odd, string code) in kinds)
                {
                    text[place] = odd;
                    rows.Clear();
                    Assert.Equal(code, encoder.Encode(text, rows).ToString());
                }
            }
        }
    }

    [Fact]
    public void Refuses_a_nul_character() => Assert.Equal("NulCharacter", Encoded.Text(String, "a\0b").Hex);

    [Theory]
    [InlineData("", "MinLength")]
    [InlineData("é", "MinLength")]
    [InlineData("éé", "None")]
    [InlineData("😀😀😀", "None")]
    [InlineData("abcd", "MaxLength")]
    [InlineData("😀😀😀😀", "MaxLength")]
    public void Counts_code_points(string text, string code) => Assert.Equal(
        code, Encoded.Text(String with { Constraints = new() { MinLength = 2, MaxLength = 3 } }, text).Code.ToString());

    [Fact]
    public void A_varchar_has_the_length_of_its_column()
    {
        FieldDefinition field = Encoded.Field(FieldType.String, new SqlType(SqlTypeName.Varchar, Length: 3));
        Assert.Equal("C3A9C3A9C3A9", Encoded.Text(field, "ééé").Hex);
        Assert.Equal("MaxLength", Encoded.Text(field, "éééé").Hex);
        Assert.Equal("61", Encoded.Text(Encoded.Field(FieldType.String, SqlTypeName.Varchar), "a").Hex);
    }

    [Theory]
    [InlineData("ab", "None")]
    [InlineData("b", "Pattern")]
    [InlineData("aab", "None")]
    [InlineData("xab", "Pattern")]
    [InlineData("ab\n", "Pattern")]
    [InlineData("c", "None")]
    [InlineData("cd", "Pattern")]
    public void A_pattern_matches_the_whole_value(string text, string code) =>
        Assert.Equal(code, Encoded.Text(String with { Constraints = new() { Pattern = "a+b|c" } }, text).Code.ToString());

    [Fact]
    public void A_pattern_sees_characters_of_long_values() => Assert.Equal(
        "None", Encoded.Text(String with { Constraints = new() { Pattern = "ü{1000}" } }, new string('ü', 1000)).Code.ToString());

    [Fact]
    public void An_enum_has_its_members_only()
    {
        string[] members = [.. Enumerable.Range(0, 500).Select(i => $"m{i}"), "", "é"];
        FieldDefinition field = String with { Constraints = new() { Enum = [.. members] } };
        Assert.All(members, member => Assert.Equal("None", Encoded.Text(field, member).Code.ToString()));
        Assert.All(["m", "m500", "M1", "m01", "è"], other => Assert.Equal("Enum", Encoded.Text(field, other).Hex));
    }

    [Fact]
    public void A_string_takes_no_other_json() => Assert.All(
        ["1", "true", "{}", "[]"], json => Assert.Equal("TypeMismatch", Encoded.Json(String, json).Hex));

    [Fact]
    public void Any_keeps_other_json_as_written()
    {
        Assert.Equal("7B2261223A20312E307D", Encoded.Json(Encoded.Field(FieldType.Any), """{"a": 1.0}""").Hex);
        Assert.Equal("312E30", Encoded.Json(Encoded.Field(FieldType.Any), "1.0").Hex);
        Assert.Equal("78", Encoded.Text(Encoded.Field(FieldType.Any), "x").Hex);
    }

    [Theory]
    [InlineData("A0EEBC99-9C0B-4EF8-BB6D-6BB9BD380A11", "A0EEBC999C0B4EF8BB6D6BB9BD380A11")]
    [InlineData("a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11", "A0EEBC999C0B4EF8BB6D6BB9BD380A11")]
    [InlineData("{a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11}", "TypeMismatch")]
    [InlineData("a0eebc999c0b4ef8bb6d6bb9bd380a11", "TypeMismatch")]
    [InlineData("a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a1g", "TypeMismatch")]
    [InlineData("0xeebc99-9c0b-4ef8-bb6d-6bb9bd380a11", "TypeMismatch")]
    [InlineData("", "TypeMismatch")]
    public void A_uuid_is_hexadecimal_in_five_groups(string text, string hex) =>
        Assert.Equal(hex, Encoded.Text(Encoded.Field(FieldType.String, SqlTypeName.Uuid), text).Hex);

    [Fact]
    public void Reads_every_uuid_back() => Gen.Guid.Sample(value => Assert.Equal(
        value, new Guid(Encoded.Text(Encoded.Field(FieldType.String, SqlTypeName.Uuid), value.ToString()).Bytes, bigEndian: true)));

    [Theory]
    [InlineData("true", "01")]
    [InlineData("1", "01")]
    [InlineData("FALSE", "00")]
    [InlineData("0", "00")]
    [InlineData("yes", "TypeMismatch")]
    [InlineData("", "TypeMismatch")]
    public void Booleans_have_declared_texts(string text, string hex) =>
        Assert.Equal(hex, Encoded.Text(Encoded.Field(FieldType.Boolean), text).Hex);

    [Fact]
    public void Booleans_take_other_texts_and_json_literals()
    {
        FieldDefinition field = Encoded.Field(FieldType.Boolean) with { TrueValues = ["ja"], FalseValues = ["nein"] };
        Assert.Equal("01", Encoded.Text(field, "ja").Hex);
        Assert.Equal("TypeMismatch", Encoded.Text(field, "true").Hex);
        Assert.Equal("01", Encoded.Json(field, "true").Hex);
        Assert.Equal("00", Encoded.Json(field, "false").Hex);
        Assert.Equal("TypeMismatch", Encoded.Json(field, "1").Hex);
        Assert.Equal("Enum", Encoded.Text(field with { Constraints = new() { Enum = ["true"] } }, "nein").Hex);
    }
}
