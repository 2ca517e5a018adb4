using System.Buffers;
using System.Collections.Immutable;
using System.Globalization;
using System.Text;
using System.Text.Json;
using PipelineService.Core.Parsing;
using PipelineService.Core.Rules;

namespace PipelineService.Jobs;

/// <summary>
/// Dead letters as CSV, to be mended in a spreadsheet: the columns of the upload, then what was wrong. Cells that a
/// spreadsheet would run as a formula are escaped with an apostrophe.
/// </summary>
/// <param name="columns">The names of the upload's columns, in its order.</param>
/// <param name="dialect">How the upload's records are written, or null when they are JSON.</param>
internal sealed class DeadLetterCsv(ImmutableArray<string> columns, CsvDialect? dialect)
{
    private static readonly string[] ReasonColumns = ["_record", "_line", "_field", "_code", "_message", "_raw"];
    private static readonly SearchValues<char> NeedsQuotes = SearchValues.Create(",\"\r\n");

    private readonly StringBuilder _line = new();

    public string Header()
    {
        _line.Clear();
        foreach (string name in columns.Concat(ReasonColumns))
        {
            Append(name);
        }

        return Finish();
    }

    public string Row(DeadLetterRow row)
    {
        IReadOnlyList<DeadLetterError> errors = DeadLetterView.ErrorsOf(row);
        _line.Clear();
        foreach (string value in dialect is null ? JsonValues(row.Raw) : CsvValues(row.Raw, dialect))
        {
            Append(value);
        }

        Append(row.Record.ToString(CultureInfo.InvariantCulture));
        Append(row.Line.ToString(CultureInfo.InvariantCulture));
        Append(string.Join("; ", errors.Select(e => e.Field)));
        Append(string.Join("; ", errors.Select(e => e.Code)));
        Append(string.Join(" ", errors.Select(e => e.Message)));
        Append(Encoding.UTF8.GetString(row.Raw));
        return Finish();
    }

    /// <summary>The record's fields; a record with too few or too many, or one that cannot be read, leaves cells empty.</summary>
    private string[] CsvValues(byte[] raw, CsvDialect written)
    {
        string[] values = new string[columns.Length];
        Array.Fill(values, string.Empty);
        var fields = new CsvField[columns.Length];
        CsvRecordReader reader = new(raw, written, raw.Length + 1, skipBlankLines: false, fields);
        if (reader.Read(out CsvRecord record) && record.Fault == RecordErrorCode.None)
        {
            byte[] scratch = new byte[raw.Length];
            for (int i = 0; i < Math.Min(record.FieldCount, fields.Length); i++)
            {
                ReadOnlySpan<byte> field = raw.AsSpan(fields[i].Start, fields[i].Length);
                int length = fields[i].HasEscapes ? CsvText.Unescape(field, written.Quote, scratch) : -1;
                values[i] = Encoding.UTF8.GetString(length < 0 ? field : scratch.AsSpan(0, length));
            }
        }

        return values;
    }

    private string[] JsonValues(byte[] raw)
    {
        try
        {
            using var document = JsonDocument.Parse(raw);
            if (document.RootElement.ValueKind == JsonValueKind.Object)
            {
                return [.. columns.Select(name => document.RootElement.TryGetProperty(name, out JsonElement value)
                    ? value.ValueKind == JsonValueKind.String ? value.GetString()! : value.GetRawText()
                    : string.Empty)];
            }
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            // Malformed: `_raw` shows it.
        }

        return [.. columns.Select(_ => string.Empty)];
    }

    private void Append(string cell)
    {
        if (_line.Length > 0)
        {
            _line.Append(',');
        }

        if (IsFormula(cell))
        {
            cell = "'" + cell;
        }

        if (cell.AsSpan().ContainsAny(NeedsQuotes))
        {
            _line.Append('"').Append(cell.Replace("\"", "\"\"", StringComparison.Ordinal)).Append('"');
        }
        else
        {
            // An empty first cell must still be a cell.
            _line.Append(_line.Length == 0 && cell.Length == 0 ? "\"\"" : cell);
        }
    }

    private static bool IsFormula(string cell) =>
        cell is ['=' or '+' or '-' or '@' or '\t' or '\r', ..]
        && !double.TryParse(cell, NumberStyles.Float, CultureInfo.InvariantCulture, out _);

    private string Finish() => _line.Append("\r\n").ToString();
}
