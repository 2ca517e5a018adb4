namespace PipelineService.Core.Datasets;

/// <summary>Quoting of PostgreSQL identifiers.</summary>
public static class Identifier
{
    /// <summary>The longest identifier that PostgreSQL keeps, in bytes (NAMEDATALEN − 1).</summary>
    public const int BytesMax = 63;

    /// <summary>The name in double quotes, with inner quotes doubled: safe in SQL text whatever it holds.</summary>
    public static string Quote(string name) => $"\"{name.Replace("\"", "\"\"", StringComparison.Ordinal)}\"";
}
