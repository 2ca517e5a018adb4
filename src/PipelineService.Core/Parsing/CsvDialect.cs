namespace PipelineService.Core.Parsing;

/// <summary>How delimited text is written. Source: https://datapackage.org/standard/table-dialect/ and RFC 4180.</summary>
/// <param name="Delimiter">The byte between fields; ASCII, and neither a quote nor a line end.</param>
/// <param name="Quote">The byte around fields that hold delimiters, quotes or line ends; two of them inside mean one.</param>
/// <param name="Header">Whether the first record names the fields.</param>
public sealed record CsvDialect(byte Delimiter, byte Quote, bool Header)
{
    public static CsvDialect Default { get; } = new((byte)',', (byte)'"', Header: true);
}
