using System.Text;
using PipelineService.Core.Datasets;

namespace PipelineService.Datasets.Definitions;

/// <summary>
/// Table names as definitions write them: <c>schema.table</c>, or <c>table</c> in schema public. Taken as PostgreSQL
/// stores them, so letters keep their case; a part that holds a dot or a double quote stands in double quotes.
/// </summary>
internal static class TableNameText
{
    private const string DefaultSchema = "public";

    public static TableName DefaultOf(string dataset) => new(DefaultSchema, dataset);

    /// <summary>Reads a name; null when it is not one or two parts.</summary>
    public static TableName? Parse(string text)
    {
        List<string> parts = [];
        int at = 0;
        while (ReadPart(text, ref at) is string part)
        {
            parts.Add(part);
            if (at == text.Length)
            {
                return parts switch
                {
                    [string name] => new TableName(DefaultSchema, name),
                    [string schema, string name] => new TableName(schema, name),
                    _ => null,
                };
            }

            if (text[at++] != '.')
            {
                return null;
            }
        }

        return null;
    }

    public static string Format(TableName table) => $"{FormatPart(table.Schema)}.{FormatPart(table.Name)}";

    private static string FormatPart(string part) => part.AsSpan().ContainsAny('.', '"') ? Identifier.Quote(part) : part;

    /// <summary>Reads up to the next dot outside quotes, or the end; null when there is nothing or no closing quote.</summary>
    private static string? ReadPart(string text, ref int at)
    {
        if (at >= text.Length || text[at] != '"')
        {
            int end = text.IndexOf('.', Math.Min(at, text.Length));
            string part = text[Math.Min(at, text.Length)..(end < 0 ? text.Length : end)];
            at += part.Length;
            return part.Length == 0 || part.Contains('"', StringComparison.Ordinal) ? null : part;
        }

        var quoted = new StringBuilder();
        for (at++; at < text.Length; at++)
        {
            if (text[at] != '"')
            {
                quoted.Append(text[at]);
            }
            else if (at + 1 < text.Length && text[at + 1] == '"')
            {
                quoted.Append(text[at++]);
            }
            else
            {
                at++;
                return quoted.Length == 0 ? null : quoted.ToString();
            }
        }

        return null;
    }
}
