using System.Collections.Immutable;
using System.Globalization;
using System.Text;
using PipelineService.Core.Datasets;
using PipelineService.Core.Encoding;
using PipelineService.Core.Parsing.Charsets;
using PipelineService.Core.Parsing.Csv;
using PipelineService.Core.Rejects;
using PipelineService.Datasets;

namespace PipelineService.Jobs.DeadLetters;

/// <summary>
/// Dead letters as CSV, to be mended and uploaded as they are: written in the dataset's dialect for them, with the columns of the
/// upload and then those of <see cref="RejectHeader.OwnNames"/>, which say what was wrong. In the dataset's encoding, too: it goes back as the
/// data came, and no charset has to be thought of.
/// </summary>
internal sealed class DeadLetterCsv
{
    /// <summary>Characters of a reason at most: a record may have thousands, and spreadsheets bear 32,767 in a cell.</summary>
    private const int ReasonLengthMax = 4_000;

    private readonly CsvLine _line;
    private readonly RejectCells _cells;
    private readonly ImmutableArray<string> _ownNames;
    private readonly CharsetWriter _text;

    public DeadLetterCsv(JobRow job, DatasetVersion dataset)
    {
        _line = new CsvLine(dataset.Definition.Dialect.ForRejects());
        _cells = CellsOf(job, dataset);
        _ownNames = RejectHeader.OwnNames(dataset.Definition.Schema);
        _text = new CharsetWriter(dataset.Definition.Encoding);
        ContentType = $"text/csv; charset={dataset.Definition.Encoding.Name}";
    }

    /// <summary>With the charset.</summary>
    public string ContentType { get; }

    /// <summary>The byte order mark to begin with, if any.</summary>
    /// <param name="isWanted">Whether there is to be one where there may be one.</param>
    public ReadOnlyMemory<byte> MarkOf(bool isWanted) =>
        _text.NeedsMark || (isWanted && _text.MayHaveMark) ? _text.Mark : ReadOnlyMemory<byte>.Empty;

    /// <summary>The header. Valid until the next call, as a row is.</summary>
    public ReadOnlyMemory<byte> Header()
    {
        _line.Clear();
        foreach (string name in _cells.Columns.Concat(_ownNames))
        {
            Append(name);
        }

        _line.End();
        return _text.Write(_line.Bytes.Span, out _);
    }

    public ReadOnlyMemory<byte> Row(DeadLetterRow row)
    {
        IReadOnlyList<DeadLetterError> errors = DeadLetterView.ErrorsOf(row);
        _line.Clear();
        ReadOnlySpan<byte> rest = _cells.Write(row.Raw, row.RawTruncated, _line);
        _text.Write(_line.Bytes.Span, out bool areSaid);
        rest = rest.IsEmpty && !areSaid ? row.Raw : rest; // escapes of JSON say what the encoding may not have
        _line.Append(row.RawTruncated ? [.. DeadLetterView.WholeCharactersOf(row), .. "…"u8] : rest);
        Append(row.Record.ToString(CultureInfo.InvariantCulture));
        Append(row.Line.ToString(CultureInfo.InvariantCulture));
        Append(Bounded(string.Join("; ", errors.Select(e => e.Field))));
        Append(Bounded(string.Join("; ", errors.Select(e => e.Code))));
        Append(Bounded(string.Join(" ", errors.Select(e => e.Message))));
        _line.End();
        return _text.Write(_line.Bytes.Span, out _);
    }

    private static RejectCells CellsOf(JobRow job, DatasetVersion dataset)
    {
        CsvDialect dialect = dataset.Definition.Dialect;
        return FormatTable.Of(job.ContentType)?.Form switch
        {
            { Format: DataFormat.Csv, Delimiter: null } => CellsOf(job, dataset.Definition.Schema, dialect),
            { Format: DataFormat.Csv, Delimiter: byte delimiter } =>
                CellsOf(job, dataset.Definition.Schema, dialect with { Delimiter = ((char)delimiter).ToString() }),
            { } form when FormatTable.Of(form.Format).IsConverted => JsonRejectCells.OfObjects(new RowPlan(dataset.Definition with { Items = JsonItems.Default })),
            _ when dataset.Definition.Items.AreArrays => CellsOfArrays(job, dataset.Definition),
            _ => JsonRejectCells.OfObjects(new RowPlan(dataset.Definition)),
        };
    }

    /// <summary>While another instance runs the job, its header may not be known here.</summary>
    private static RejectCells CellsOf(JobRow job, TableSchema schema, CsvDialect dialect)
    {
        ImmutableArray<string> declared = [.. schema.FieldsInData.Select(f => f.NameInData)];
        return job.UploadColumns is { Length: > 0 } header ? new CsvRejectCells([.. header], schema, dialect)
            : dialect.Header ? new UnreadRejectCells([.. declared.Distinct(StringComparer.Ordinal)])
            : new CsvRejectCells(declared, schema, dialect);
    }

    /// <summary>As with delimited text, the names may not be known here while another instance runs the job.</summary>
    private static RejectCells CellsOfArrays(JobRow job, DatasetDefinition definition)
    {
        ImmutableArray<string>? names = !definition.Items.Keys.IsEmpty ? definition.Items.Keys
            : job.UploadColumns is { Length: > 0 } header ? [.. header]
            : null;
        return names is null && definition.Dialect.Header
            ? new UnreadRejectCells([.. definition.Schema.FieldsInData.Select(f => f.NameInData).Distinct(StringComparer.Ordinal)])
            : JsonRejectCells.OfArrays(new RowPlan(definition), names);
    }

    private void Append(string text) => _line.Append(Encoding.UTF8.GetBytes(text));

    private static string Bounded(string text)
    {
        if (text.Length <= ReasonLengthMax)
        {
            return text;
        }

        int length = char.IsHighSurrogate(text[ReasonLengthMax - 1]) ? ReasonLengthMax - 1 : ReasonLengthMax;
        return $"{text.AsSpan(0, length)}…";
    }
}
