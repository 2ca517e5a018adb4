using System.Text;
using System.Text.Unicode;
using PipelineService.Core.Datasets;
using PipelineService.Core.Parsing.Charsets;
using Xunit;
using Charset = System.Text.Encoding;

namespace PipelineService.Core.Tests.Parsing.Charsets;

/// <summary>
/// Text of other encodings becomes UTF-8 as the framework has it, wherever it is cut; what is no character is marked and nothing else; and
/// where something was in the text as it was sent is known from what it became.
/// </summary>
public sealed class TranscodingTests
{
    private const int RandomTexts = 40;

    public static TheoryData<string> Names => [.. TextEncoding.All.Where(encoding => !encoding.IsUtf8).Select(encoding => encoding.Name)];

    [Theory]
    [MemberData(nameof(Names))]
    public void Says_of_each_character_what_the_framework_says(string name)
    {
        TextEncoding encoding = TextEncoding.Find(name)!;
        Charset known = KnownOf(encoding);
        foreach (string text in TextsOf(known))
        {
            byte[] sent = [.. MarkOf(encoding), .. known.GetBytes(text)];

            byte[] utf8 = Transcode(encoding, sent, sent.Length);

            Assert.Equal(Marked(encoding, text), Charset.UTF8.GetString(utf8));
            Assert.True(Utf8.IsValid(utf8));
        }
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void Is_the_same_wherever_the_text_is_cut_and_whatever_it_holds(string name)
    {
        TextEncoding encoding = TextEncoding.Find(name)!;
        int seed = Environment.TickCount;
        Random random = new(seed);
        for (int i = 0; i < RandomTexts; i++)
        {
            byte[] sent = new byte[random.Next(200)];
            random.NextBytes(sent);
            for (int j = 0; j < sent.Length && i % 2 == 0; j++)
            {
                sent[j] = random.Next(3) == 0 ? sent[j] : (byte)random.Next(0x20, 0x7F);
            }

            sent = [.. MarkOf(encoding), .. sent];
            byte[] whole = Transcode(encoding, sent, sent.Length);
            byte[] pieces = Transcode(encoding, sent, pieceMax: 1 + random.Next(7));

            Assert.True(whole.AsSpan().SequenceEqual(pieces), $"seed {seed}: {Convert.ToHexString(sent)}");
        }
    }

    [Fact]
    public void No_byte_that_is_no_character_becomes_one()
    {
        foreach (TextEncoding encoding in TextEncoding.All.Where(encoding => encoding.Kind == EncodingKind.Single))
        {
            Charset known = KnownOf(encoding);
            for (int value = 0; value < 256; value++)
            {
                byte[] utf8 = Transcode(encoding, [(byte)value], 1);

                string text = Charset.UTF8.GetString(utf8);
                bool isWrong = WrongBytes.Find(utf8) == 0;
                Assert.True(isWrong ? value >= 0x80 && utf8.Length == 2 : text == known.GetString([(byte)value]), $"{encoding} {value:X2}");
                Assert.False(!isWrong && text[0] is >= '\u0080' and <= '\u009F', $"{encoding} {value:X2}");
            }
        }
    }

    [Theory]
    [InlineData("windows-1252", "41814281", 1, "81")]
    [InlineData("iso-8859-1", "80", 0, "80")]
    [InlineData("shift_jis", "82A0812C8140", 3, "81")] // the comma is a comma
    [InlineData("shift_jis", "82A081FF41", 3, "81FF")]
    [InlineData("gb18030", "81300A", 0, "81")]
    [InlineData("euc-kr", "B0A1FF", 3, "FF")]
    [InlineData("utf-16le", "3DD8410000", 0, "3DD8")]
    [InlineData("utf-16be", "D83D0041", 0, "D83D")]
    public void Marks_what_is_wrong_with_its_bytes_and_goes_on_behind_it(string name, string sent, int place, string wrong)
    {
        byte[] utf8 = Transcode(TextEncoding.Find(name)!, Convert.FromHexString(sent), int.MaxValue);

        Assert.Equal(place, WrongBytes.Find(utf8));
        byte[] bytes = new byte[8];
        Assert.Equal(wrong, Convert.ToHexString(bytes.AsSpan(0, WrongBytes.Read(utf8.AsSpan(place), bytes))));
    }

    [Theory]
    [InlineData("utf-16", "6100", "none")]
    [InlineData("utf-16le", "FEFF0061", "utf-16")]
    [InlineData("utf-16be", "FFFE6100", "utf-16")]
    [InlineData("windows-1252", "EFBBBF61", "utf-8")]
    [InlineData("windows-1252", "FFFE6100", "utf-16")]
    [InlineData("windows-1252", "1F8B0800", "gzip")]
    [InlineData("utf-16le", "FFFE0000", "UTF-32")]
    public void Tells_at_once_of_text_that_is_another(string name, string start, string told)
    {
        Transcoding.Of(TextEncoding.Find(name)!)!.Begin(Convert.FromHexString(start), out string? fault);

        Assert.Contains(told, fault, StringComparison.Ordinal);
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void What_it_writes_reads_back(string name)
    {
        TextEncoding encoding = TextEncoding.Find(name)!;
        CharsetWriter writer = new(encoding);
        foreach (string text in TextsOf(KnownOf(encoding)))
        {
            byte[] sent = [.. writer.NeedsMark ? writer.Mark.ToArray() : [], .. writer.Write(Charset.UTF8.GetBytes(text), out bool isAll).ToArray()];

            Assert.True(isAll);
            Assert.Equal(Marked(encoding, text), Charset.UTF8.GetString(Transcode(encoding, sent, sent.Length)));
        }
    }

    [Theory]
    [InlineData("windows-1252", "61812C62")]
    [InlineData("shift_jis", "812C0A")]
    [InlineData("utf-16le", "3DD8410042DC")]
    [InlineData("utf-16be", "D83D0041")]
    public void Wrong_bytes_go_back_as_they_came(string name, string sent)
    {
        TextEncoding encoding = TextEncoding.Find(name)!;
        byte[] utf8 = Transcode(encoding, Convert.FromHexString(sent), int.MaxValue);
        byte[] kept = new byte[utf8.Length];
        kept = kept[..WrongBytes.Undo(utf8, encoding.IsUtf16, kept)];

        Assert.False(Utf8.IsValid(kept));
        Assert.Equal(sent, Convert.ToHexString(new CharsetWriter(encoding).Write(kept, out bool isAll).Span));
        Assert.True(isAll);
    }

    [Fact]
    public void What_an_encoding_does_not_have_is_told()
    {
        Assert.Equal("a?b", Charset.ASCII.GetString(
            new CharsetWriter(TextEncoding.Find("iso-8859-1")!).Write("a€b"u8, out bool isAll).Span));
        Assert.False(isAll);
    }

    [Fact]
    public void Names_are_of_one_encoding_each()
    {
        string[] names = [.. TextEncoding.All.SelectMany(encoding => encoding.Aliases.Append(encoding.Name))];

        Assert.Equal(names.Distinct(StringComparer.OrdinalIgnoreCase), names);
        Assert.All(names, name => Assert.Equal(name, name.ToLowerInvariant()));
    }

    /// <summary>In pieces, and holds what each was against what it became.</summary>
    private static byte[] Transcode(TextEncoding encoding, byte[] sent, int pieceMax)
    {
        Transcoding text = Transcoding.Of(encoding)!.Begin(sent, out string? fault);
        text = fault is null ? text : Transcoding.Of(encoding)!;
        text = text.Encoding.Kind == EncodingKind.Utf16Marked ? Transcoding.Of(TextEncoding.Find("utf-16le")!)! : text;
        List<byte> utf8 = [];
        byte[] room = new byte[Math.Max(Transcoding.BytesAhead, pieceMax == int.MaxValue ? 0 : pieceMax)];
        (int start, int end) = (0, 0);
        while (start < sent.Length)
        {
            end = (int)Math.Min(sent.Length, end + (long)pieceMax);
            int made;
            do
            {
                made = text.Transcode(sent.AsSpan(start, end - start), end == sent.Length, room, out int consumed);
                Assert.Equal(consumed, text.LengthOf(room.AsSpan(0, made)));
                start += consumed;
                utf8.AddRange(room.AsSpan(0, made));
            }
            while (made > 0 && start < end);
        }

        return [.. utf8];
    }

    private static IEnumerable<string> TextsOf(Charset known)
    {
        StringBuilder all = new("plain text, long enough to be copied at once: 0123456789\r\n");
        for (int value = 0xA0; value <= 0xFFFD; value++)
        {
            char unit = (char)value;
            if (!char.IsSurrogate(unit) && unit is < '\uE000' or > '\uF8FF' && unit != '\uFFFD' && unit != '\uFEFF'
                && known.GetByteCount([unit]) > 0 && IsSame(known, unit))
            {
                all.Append(unit);
            }
        }

        yield return all.ToString();
        if (known.GetByteCount("𠀀") > 2 && known.GetString(known.GetBytes("𠀀")) == "𠀀")
        {
            yield return "a𠀀b😀\n";
        }

        yield return "";
    }

    private static bool IsSame(Charset known, char unit)
    {
        byte[] bytes = known.GetBytes([unit]);
        return known.GetString(bytes) == unit.ToString() && bytes[0] >= 0x80 | bytes.Length > 1;
    }

    private static Charset KnownOf(TextEncoding encoding)
    {
        if (encoding.IsUtf16)
        {
            return encoding.Kind == EncodingKind.Utf16Big ? Charset.BigEndianUnicode : Charset.Unicode;
        }

        var known = (Charset)(CodePagesEncodingProvider.Instance.GetEncoding(encoding.CodePage) ?? Charset.GetEncoding(encoding.CodePage))
            .Clone();
        known.EncoderFallback = new EncoderReplacementFallback("");
        return known;
    }

    private static byte[] MarkOf(TextEncoding encoding) => encoding.Kind == EncodingKind.Utf16Marked ? [0xFF, 0xFE] : [];

    private static string Marked(TextEncoding encoding, string text) =>
        encoding.Kind == EncodingKind.Utf16Marked ? $"\uFEFF{text}" : text;
}
