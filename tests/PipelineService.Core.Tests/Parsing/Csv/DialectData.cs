using CsCheck;
using PipelineService.Core.Datasets;
using Text = System.Text.Encoding;

namespace PipelineService.Core.Tests.Parsing.Csv;

/// <summary>Dialects, and random text of each that is rich in what means something in it.</summary>
internal static class DialectData
{
    private static readonly string[] Delimiters = [",", ";", "\t", "||", "ab", "aa", " | ", "«»", "é"];
    private static readonly string?[] LineEnds = [null, "\n", "\r\n", "\r", "\n", ";", "~~", "\r\r", ";\n", "␞", "xyx"];
    private static readonly string[] Quotes = ["\"", "\"", "'", "“", ""];
    private static readonly string?[] Escapes = [null, "\\", "^", "é"];
    private static readonly string?[] Nulls = [null, "", "\\N", "NA", "-", "\\"];
    private static readonly string?[] Comments = [null, "#", "//", "--"];

    /// <summary>Dialects that a definition may have.</summary>
    public static Gen<CsvDialect> Dialect { get; } = Gen.Select(
        Gen.Select(Gen.OneOf<string>(Delimiters), Gen.OneOf<string?>(LineEnds), Gen.OneOf<string>(Quotes), Gen.Bool),
        Gen.Select(Gen.OneOf<string?>(Escapes), Gen.OneOf<string?>(Nulls), Gen.OneOf<string?>(Comments), Gen.Bool),
        (form, more) => new CsvDialect
        {
            Delimiter = form.Item1,
            LineTerminator = form.Item2,
            QuoteChar = form.Item3,
            DoubleQuote = form.Item4,
            EscapeChar = more.Item1,
            NullSequence = more.Item2,
            CommentChar = more.Item3,
            SkipInitialSpace = more.Item4,
        }).Where(IsSound);

    /// <summary>Text of any dialect, with a small limit on records and either treatment of empty lines.</summary>
    public static Gen<(CsvDialect Dialect, byte[] Bytes, int RecordBytesMax, bool SkipBlankLines)> Any { get; } =
        Dialect.SelectMany(dialect => Gen.Select(
            Gen.OneOf(Pieces(dialect), Bytes(dialect)), Gen.Int[1, 60], Gen.Bool,
            (bytes, recordBytesMax, skipBlankLines) => (dialect, bytes, recordBytesMax, skipBlankLines)));

    public static string Show(CsvDialect dialect) => dialect.ToString().Replace("\r", "\\r").Replace("\n", "\\n");

    public static string Show((CsvDialect Dialect, byte[] Bytes, int RecordBytesMax, bool SkipBlankLines) data) =>
        $"{Show(data.Dialect)} {data.RecordBytesMax} {data.SkipBlankLines} {Convert.ToHexString(data.Bytes)} "
        + Text.UTF8.GetString(data.Bytes);

    private static Gen<byte[]> Pieces(CsvDialect dialect)
    {
        string quote = dialect.QuoteChar, end = dialect.LineTerminator ?? "\n", escape = dialect.EscapeChar ?? "";
        string[] marks =
        [
            dialect.Delimiter, dialect.Delimiter, end, end, quote, quote, quote + quote, escape, escape,
            dialect.NullSequence ?? "", dialect.CommentChar ?? "",
        ];
        string[] pieces =
        [
            .. marks, dialect.Delimiter + quote, quote + dialect.Delimiter, end + quote, quote + end, escape + end,
            $"{quote}e{dialect.Delimiter}f{quote}", $"{dialect.Delimiter}{quote}one{end}two{quote}{dialect.Delimiter}",
            dialect.Delimiter[..1], end[..1], "a", "b", " ", "  ", "\n", "\r\n", "\r", "\"", new string('z', 45),
        ];
        return Gen.OneOf<string>(pieces).Array[0, 40].Select(all => Text.UTF8.GetBytes(string.Concat(all)));
    }

    private static Gen<byte[]> Bytes(CsvDialect dialect)
    {
        string marks = string.Concat(
            dialect.Delimiter, dialect.LineTerminator ?? "\r\n", dialect.QuoteChar, dialect.EscapeChar, dialect.CommentChar, " a");
        return Gen.OneOf<byte>(Text.UTF8.GetBytes(marks)).Array[0, 120];
    }

    /// <summary>No part can be taken for another: what the validator of definitions says, as far as the parts above go.</summary>
    private static bool IsSound(CsvDialect dialect)
    {
        string delimiter = dialect.Delimiter, end = dialect.LineTerminator ?? "\n", escape = dialect.EscapeChar ?? "\0";
        string quote = dialect.QuoteChar.Length > 0 ? dialect.QuoteChar : "\0";
        return !delimiter.Contains(end) && !end.Contains(delimiter) && escape != quote
            && !delimiter.Contains(escape) && !delimiter.Contains(quote)
            && !(dialect.SkipInitialSpace && delimiter.StartsWith(' '))
            && !(dialect.NullSequence == "\\" && escape == "\\");
    }
}
