using System.Collections.Immutable;
using System.Text.Json;
using PipelineService.Core.Datasets;

namespace PipelineService.Datasets.Definitions;

/// <summary>
/// Reads how delimited text is written: its form here, what contradicts itself in <see cref="DialectValidator"/>. Of what the standard says of
/// formats that there are not here nothing is kept. Source: https://datapackage.org/standard/table-dialect/.
/// </summary>
internal static class DialectReader
{
    /// <summary>Rows that may come before the records.</summary>
    public const int RowsMax = 1_000;

    private const int SheetNameLengthMax = 255;

    /// <param name="dialect">Null and what it leaves out have the defaults.</param>
    /// <param name="otherwise">The defaults of the format.</param>
    public static CsvDialect Read(ObjectReader? dialect, CsvDialect otherwise)
    {
        if (dialect is null)
        {
            return otherwise;
        }

        var read = new CsvDialect
        {
            Delimiter = dialect.Text("delimiter") ?? otherwise.Delimiter,
            LineTerminator = dialect.Text("lineTerminator") ?? otherwise.LineTerminator,
            QuoteChar = dialect.Text("quoteChar") ?? otherwise.QuoteChar,
            DoubleQuote = dialect.Boolean("doubleQuote", otherwise.DoubleQuote),
            EscapeChar = dialect.Text("escapeChar") ?? otherwise.EscapeChar,
            SkipInitialSpace = dialect.Boolean("skipInitialSpace", otherwise.SkipInitialSpace),
            NullSequence = dialect.Text("nullSequence") ?? otherwise.NullSequence,
            CommentChar = dialect.Text("commentChar") ?? otherwise.CommentChar,
            CommentRows = ReadRows(dialect, "commentRows", otherwise.CommentRows),
            Header = dialect.Boolean("header", otherwise.Header),
            HeaderRows = ReadRows(dialect, "headerRows", otherwise.HeaderRows),
            HeaderJoin = dialect.Text("headerJoin") ?? otherwise.HeaderJoin,
            HeaderMatch = dialect.Choice("headerMatch", DefinitionWords.HeaderMatches, otherwise.HeaderMatch),
            RaggedRows = dialect.Choice("raggedRows", DefinitionWords.RaggedRowWords, otherwise.RaggedRows),
            SheetName = ReadSheetName(dialect),
            SheetNumber = ReadSheetNumber(dialect),
        };

        // What the standard says of databases, and what tools of its first version write: "a property MUST be ignored
        // if it is not applicable".
        dialect.Metadata("table", "caseSensitiveHeader", "csvddfVersion");
        dialect.Metadata("$schema", "name", "title", "description", "profile");
        dialect.PassOverOthers(MisplacedWords.OfDialect);
        return read;
    }

    private static string? ReadSheetName(ObjectReader dialect)
    {
        string? name = dialect.Text("sheetName");
        if (name?.Length is 0 or > SheetNameLengthMax)
        {
            dialect.Fault("sheetName", $"Must be the name of a sheet, of 1 to {SheetNameLengthMax} characters.");
        }
        else if (name is not null && dialect.TryGet("sheetNumber", out _))
        {
            dialect.Fault("sheetName", "Says which sheet has the records, as sheetNumber does: leave one of them out.");
        }

        return name;
    }

    private static int? ReadSheetNumber(ObjectReader dialect)
    {
        int number = 0;
        if (dialect.TryGet("sheetNumber", out JsonElement value)
            && (value.ValueKind != JsonValueKind.Number || !value.TryGetInt32(out number) || number is < 1 or > RowsMax))
        {
            dialect.Fault("sheetNumber", $"Must be a whole number from 1 to {RowsMax}: the first sheet is 1.");
        }

        return number == 0 ? null : number;
    }

    /// <summary>Numbers of rows, in their order; what names the first row alone is what is done anyway.</summary>
    private static ImmutableArray<int> ReadRows(ObjectReader dialect, string name, ImmutableArray<int> otherwise)
    {
        if (!dialect.TryGet(name, out JsonElement value))
        {
            return otherwise;
        }

        SortedSet<int> rows = [];
        if (value.ValueKind != JsonValueKind.Array || !value.EnumerateArray().All(row => TryAdd(rows, row)))
        {
            dialect.Fault(name, $"Must be an array of different whole numbers from 1 to {RowsMax}: the first row is 1.");
            return otherwise;
        }

        return rows.SequenceEqual(otherwise) ? otherwise : [.. rows];
    }

    private static bool TryAdd(SortedSet<int> rows, JsonElement value) =>
        value.ValueKind == JsonValueKind.Number && value.TryGetInt32(out int row) && row is >= 1 and <= RowsMax && rows.Add(row);
}
