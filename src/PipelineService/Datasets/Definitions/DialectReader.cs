using System.Text.Json;
using PipelineService.Core.Datasets;

namespace PipelineService.Datasets.Definitions;

/// <summary>
/// Reads how delimited text is written. What the standard says beyond that is refused, except where the client names what
/// is done anyway. Source: https://datapackage.org/standard/table-dialect/.
/// </summary>
internal static class DialectReader
{
    /// <param name="dialect">Null and what it leaves out have the defaults.</param>
    /// <param name="otherwise">The defaults of the format.</param>
    public static CsvDialect Read(ObjectReader? dialect, CsvDialect otherwise)
    {
        if (dialect is null)
        {
            return otherwise;
        }

        var read = new CsvDialect(
            ReadByte(dialect, "delimiter", otherwise.Delimiter),
            ReadByte(dialect, "quoteChar", otherwise.Quote),
            dialect.Boolean("header", otherwise.Header),
            dialect.Choice("raggedRows", DefinitionWords.RaggedRowWords, otherwise.RaggedRows));

        dialect.Unsupported("doubleQuote", v => v.ValueKind == JsonValueKind.True, "a quote inside quotes is written twice.");
        dialect.Unsupported("skipInitialSpace", v => v.ValueKind == JsonValueKind.False);
        dialect.Unsupported("lineTerminator", IsLineEnd, "lines end with LF or CR LF.");
        dialect.Unsupported("headerRows", v => v.ValueKind == JsonValueKind.Array && v.GetRawText() == "[1]");
        foreach (string name in DefinitionWords.UnsupportedDialect)
        {
            dialect.Unsupported(name);
        }

        // Written by tools of the standard's first version wherever they find a header; names match to the byte all the same.
        dialect.Metadata("caseSensitiveHeader", "csvddfVersion");
        dialect.Metadata("$schema", "name", "title", "description", "profile");
        dialect.PassOverOthers(MisplacedWords.OfDialect);
        return read;
    }

    private static byte ReadByte(ObjectReader dialect, string name, byte otherwise)
    {
        if (dialect.Text(name) is not string text)
        {
            return otherwise;
        }

        if (text is [< '\u0080'])
        {
            return (byte)text[0];
        }

        dialect.Fault(name, "Must be one ASCII character.");
        return otherwise;
    }

    private static bool IsLineEnd(JsonElement value) =>
        value.ValueKind == JsonValueKind.String && value.GetString() is "\n" or "\r\n";
}
