using PipelineService.Core.Datasets;
using Xunit;

namespace PipelineService.Core.Tests.Encoding.Text;

/// <summary>Strings of a format.</summary>
public sealed class StringFormatTests
{
    [Theory]
    [InlineData("ada@example.org")]
    [InlineData("a.b+c_d@sub.example-site.co.uk")]
    [InlineData("!#$%&'*+/=?^_`{|}~-@a.b")]
    [InlineData("1@xn--bcher-kva.example")]
    public void Email_takes_addresses(string text) => Assert.Equal("None", Encoded.Text(Field("email"), text).Code.ToString());

    [Fact]
    public void Email_refuses_everything_else() => Assert.All(
        [
            "", "@", "a@", "@a.b", "a@b", "a.b", "a b@c.d", ".a@b.c", "a.@b.c", "a..b@c.d", "a@b..c", "a@.b", "a@b.", "a@-b.c", "a@b-.c",
            "a@b.1", "a@b_c.d", "a@b@c.d", "\"a\"@b.c", "a@[127.0.0.1]", "Ada <ada@example.org>", " a@b.c", "ä@b.c", "a@ä.c",
            new string('a', 65) + "@b.c", "a@" + new string('b', 64) + ".c", "a@" + string.Concat(Enumerable.Repeat("b.", 130)) + "c",
        ],
        text => Assert.Equal((text, "Format"), (text, Encoded.Text(Field("email"), text).Hex)));

    [Theory]
    [InlineData("https://example.org/a/b?c=d&e#f")]
    [InlineData("http://user:secret@[2001:db8::1]:8080/")]
    [InlineData("mailto:ada@example.org")]
    [InlineData("urn:isbn:0451450523")]
    [InlineData("file:///etc/hosts")]
    [InlineData("a+b-c.1:")]
    [InlineData("https://example.org/%E4%bd%a0")]
    [InlineData("http://a:/?")]
    public void Uri_takes_URIs(string text) => Assert.Equal("None", Encoded.Text(Field("uri"), text).Code.ToString());

    [Fact]
    public void Uri_refuses_everything_else() => Assert.All(
        [
            "", ":", "example.org", "//example.org", "/a", "1a:b", "-a:b", "a_b:c", "http://a b", "http://ä.org", "http://a/%", "http://a/%2",
            "http://a/%zz", "http://a/<b>", "http://[::1", "http://[]/", "http://[g h]/", "http://a:b/", "http://a:1:2/", "http://a/#b#c",
            "http://a/\"", "http://a/[b]", "http://a|b", " http://a", "http://a\n", "http://[::1]a/",
        ],
        text => Assert.Equal((text, "Format"), (text, Encoded.Text(Field("uri"), text).Hex)));

    [Theory]
    [InlineData("", "")]
    [InlineData("aGVsbG8=", "68656C6C6F")]
    [InlineData("/+8A", "FFEF00")]
    [InlineData("aGVs\r\nbG8=", "68656C6C6F")]
    public void Binary_is_bytes(string text, string hex)
    {
        Assert.Equal(hex, Encoded.Text(Field("binary"), text).Hex);
        Assert.Equal(text, System.Text.Encoding.UTF8.GetString(Encoded.Text(Field("binary", SqlTypeName.Text), text).Bytes));
    }

    [Fact]
    public void Binary_refuses_everything_else()
    {
        Assert.All(
            ["a", "ab", "abc", "ab=", "a===", "abcd=", "ab==cd==", "_-8A", "ab$=", "äbcd", "\\x00"],
            text =>
            {
                Assert.Equal((text, "Format"), (text, Encoded.Text(Field("binary"), text).Hex));
                Assert.Equal((text, "Format"), (text, Encoded.Text(Field("binary", SqlTypeName.Text), text).Hex));
            });
        Assert.Equal("TypeMismatch", Encoded.Json(Field("binary"), "1").Hex);
    }

    /// <summary>The text is what is counted, as in the reference implementation.</summary>
    [Fact]
    public void Constraints_of_binary_are_those_of_its_text()
    {
        FieldDefinition field = Field("binary") with { Constraints = new() { MaxLength = 8, Pattern = "a.*" } };
        Assert.Equal("None", Encoded.Text(field, "aGVsbG8=").Code.ToString());
        Assert.Equal("MaxLength", Encoded.Text(field, "aGVsbG8gYQ==").Hex);
        Assert.Equal("Pattern", Encoded.Text(field, "bGVsbG8=").Hex);
    }

    [Fact]
    public void Uuid_is_16_bytes()
    {
        const string Text = "A0EEBC99-9C0B-4EF8-BB6D-6BB9BD380A11";
        Assert.Equal(Text.Replace("-", "", StringComparison.Ordinal), Encoded.Text(Field("uuid"), Text).Hex);
        Assert.Equal(Text, System.Text.Encoding.UTF8.GetString(Encoded.Text(Field("uuid", SqlTypeName.Text), Text).Bytes));
        Assert.All(
            ["", "x", "{A0EEBC99-9C0B-4EF8-BB6D-6BB9BD380A11}", "A0EEBC999C0B4EF8BB6D6BB9BD380A11", "A0EEBC99-9C0B-4EF8-BB6D-6BB9BD380A1G"],
            text =>
            {
                Assert.Equal("Format", Encoded.Text(Field("uuid"), text).Hex);
                Assert.Equal("Format", Encoded.Text(Field("uuid", SqlTypeName.Varchar), text).Hex);
            });
    }

    private static FieldDefinition Field(string format, SqlTypeName? column = null) =>
        Encoded.Field(FieldType.String, column is SqlTypeName name ? new SqlType(name) : null) with { Format = format };
}
