using PipelineService.Core.Encoding;
using PipelineService.Core.Parsing;
using PipelineService.Core.Parsing.Csv;
using PipelineService.Core.Rules;

namespace PipelineService.Core.Transforms;

/// <summary>What one worker writes to; used again for chunk after chunk.</summary>
public sealed class TransformWorkspace
{
    private byte[] _scratch = new byte[256];
    private JsonSlice[] _jsonValues = [];

    public RowBuffer Rows { get; } = new();

    public RejectBuffer Rejects { get; } = new();

    /// <summary>Dead letters on their way to the database, some at a time.</summary>
    public RowBuffer Letters { get; } = new(initialBytes: 0);

    /// <summary>The fields of the CSV record being looked at.</summary>
    internal CsvField[] CsvFields { get; } = new CsvField[ParsingLimits.FieldsMax];

    public void Clear()
    {
        Rows.Clear();
        Rejects.Clear();
    }

    /// <summary>
    /// Scratch for a value whose escapes must be removed before it is looked at; valid until the next call.
    /// </summary>
    public Span<byte> ScratchFor(int bytes)
    {
        if (_scratch.Length < bytes)
        {
            _scratch = new byte[Math.Max(bytes, _scratch.Length * 2)];
        }

        return _scratch;
    }

    /// <summary>Room for the values of one JSON record, all of them absent.</summary>
    internal Span<JsonSlice> JsonValuesFor(int count)
    {
        if (_jsonValues.Length < count)
        {
            _jsonValues = new JsonSlice[count];
        }

        Span<JsonSlice> values = _jsonValues.AsSpan(0, count);
        values.Clear();
        return values;
    }
}
