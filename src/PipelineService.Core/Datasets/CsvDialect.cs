using System.Collections.Immutable;

namespace PipelineService.Core.Datasets;

/// <summary>
/// How delimited text is written. Source: https://datapackage.org/standard/table-dialect/ and RFC 4180; what they leave open is
/// decided by <see cref="Parsing.Csv.CsvRules"/>.
/// </summary>
public sealed record CsvDialect
{
    /// <summary>The row that has the names where no other is declared: the first one that is no comment.</summary>
    public static readonly ImmutableArray<int> FirstRow = [1];

    public static CsvDialect Default { get; } = new();

    /// <summary>The text between fields; neither empty nor a line end.</summary>
    public string Delimiter { get; init; } = ",";

    /// <summary>
    /// The text that ends a record. Null, LF, CRLF and CR are one and the same for reading: any of the three ends a record. Any other
    /// text is the only one that does, and line ends are data then.
    /// </summary>
    public string? LineTerminator { get; init; }

    /// <summary>The character around fields that hold delimiters, quotes or line ends; empty where there are no quotes.</summary>
    public string QuoteChar { get; init; } = "\"";

    /// <summary>Whether two quotes inside quotes mean one.</summary>
    public bool DoubleQuote { get; init; } = true;

    /// <summary>The character that makes data of what follows it, in quotes and outside; null where there is none.</summary>
    public string? EscapeChar { get; init; }

    /// <summary>Whether spaces before a field are no part of it.</summary>
    public bool SkipInitialSpace { get; init; }

    /// <summary>What stands, without quotes around it, where there is no value; null where nothing does.</summary>
    public string? NullSequence { get; init; }

    /// <summary>What a line begins with that is no record; null where all are.</summary>
    public string? CommentChar { get; init; }

    /// <summary>Numbers, from 1 on, of rows that are no records: they come before the records, and around the header.</summary>
    public ImmutableArray<int> CommentRows { get; init; } = [];

    /// <summary>Whether the data names its fields.</summary>
    public bool Header { get; init; } = true;

    /// <summary>Numbers, from 1 on, of the rows that name the fields; rows before the last of them are no records.</summary>
    public ImmutableArray<int> HeaderRows { get; init; } = FirstRow;

    /// <summary>What stands between the parts of a name that several rows make.</summary>
    public string HeaderJoin { get; init; } = " ";

    /// <summary>When a name in the data is one of the schema's.</summary>
    public HeaderMatch HeaderMatch { get; init; }

    /// <summary>What becomes of records that have not as many fields as they should.</summary>
    public RaggedRows RaggedRows { get; init; }

    /// <summary>Of a workbook the sheet that has the records; null takes it by its number.</summary>
    public string? SheetName { get; init; }

    /// <summary>Of a workbook the number, from 1 on, of the sheet that has the records; null is the first that is not hidden.</summary>
    public int? SheetNumber { get; init; }

    /// <summary>Whether the last fields of a record may be left out: they have no value then.</summary>
    public bool Pads => (RaggedRows & RaggedRows.Pad) != 0;

    /// <summary>Whether fields behind the last one are passed over.</summary>
    public bool Trims => (RaggedRows & RaggedRows.Trim) != 0;

    /// <summary>Whether a line end of any kind ends a record.</summary>
    public bool EndsAtAnyLineEnd => LineTerminator is null or "\n" or "\r\n" or "\r";

    /// <summary>Whether the header is what nearly every header is: one row, the first.</summary>
    public bool HasPlainHeader => HasFirstRowHeader && CommentRows.IsEmpty;

    /// <summary>Whether the names are in the first row that is no comment.</summary>
    public bool HasFirstRowHeader => HeaderRows.AsSpan().SequenceEqual(FirstRow.AsSpan());

    /// <summary>
    /// The dialect of a CSV of rejects: this one with a header in its first row and, where this one has no way to write every value,
    /// with quotes.
    /// </summary>
    public CsvDialect ForRejects() => this with
    {
        Header = true,
        HeaderRows = FirstRow,
        CommentRows = [],
        QuoteChar = CanWriteAnyValue || QuoteChar.Length > 0 ? QuoteChar : FreeQuote(),
        DoubleQuote = DoubleQuote || !CanWriteAnyValue,
    };

    /// <summary>Whether a CSV of rejects is written as the data is: its header is found where that of the data is.</summary>
    public bool IsOfRejects => Header && HasPlainHeader && CanWriteAnyValue;

    /// <summary>Whether a value may hold anything: in doubled quotes, or behind escapes.</summary>
    private bool CanWriteAnyValue =>
        QuoteChar.Length > 0 ? DoubleQuote || EscapeChar is not null : EscapeChar is not null && NullSequence is not { Length: 0 };

    /// <summary>The first usual quote that means nothing else here.</summary>
    private string FreeQuote()
    {
        string used = string.Concat(Delimiter, LineTerminator, EscapeChar, NullSequence, CommentChar);
        return ((string[])["\"", "'", "`", "\u0001"]).First(quote => quote == "\u0001" || !used.Contains(quote, StringComparison.Ordinal));
    }
}

/// <summary>When a name in the header is the name of a field.</summary>
public enum HeaderMatch
{
    /// <summary>When they are the same to the byte.</summary>
    Exact,

    /// <summary>When they are the same but for the case of their letters and blanks around them.</summary>
    CaseInsensitive,
}

/// <summary>What becomes of records with fewer or more fields than there should be.</summary>
[Flags]
public enum RaggedRows
{
    /// <summary>Neither: such records are rejected.</summary>
    None = 0,

    /// <summary>Fields that are left out at the end have no value.</summary>
    Pad = 1,

    /// <summary>Fields behind the last one are passed over.</summary>
    Trim = 2,

    PadAndTrim = Pad | Trim,
}
