namespace PipelineService.Core.Datasets;

/// <summary>How delimited text is written. Source: https://datapackage.org/standard/table-dialect/ and RFC 4180.</summary>
/// <param name="Delimiter">The byte between fields; ASCII, and neither a quote nor a line end.</param>
/// <param name="Quote">The byte around fields that hold delimiters, quotes or line ends; two of them inside mean one.</param>
/// <param name="Header">Whether the first record names the fields.</param>
/// <param name="RaggedRows">What becomes of records that have not as many fields as they should.</param>
public sealed record CsvDialect(byte Delimiter, byte Quote, bool Header, RaggedRows RaggedRows = RaggedRows.None)
{
    public static CsvDialect Default { get; } = new((byte)',', (byte)'"', Header: true);

    /// <summary>Whether the last fields of a record may be left out: they have no value then.</summary>
    public bool Pads => (RaggedRows & RaggedRows.Pad) != 0;

    /// <summary>Whether fields behind the last one are passed over.</summary>
    public bool Trims => (RaggedRows & RaggedRows.Trim) != 0;
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
