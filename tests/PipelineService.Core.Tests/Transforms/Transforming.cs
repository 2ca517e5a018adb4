using System.Buffers.Binary;
using PipelineService.Core.Datasets;
using PipelineService.Core.Encoding;
using PipelineService.Core.Parsing;
using PipelineService.Core.Rules;
using PipelineService.Core.Transforms;
using Xunit;
using Text = System.Text.Encoding;

namespace PipelineService.Core.Tests.Transforms;

/// <summary>Runs a transform over one chunk and shows what came of it as text.</summary>
internal sealed class Transforming
{
    private readonly ChunkTransform _transform;
    private readonly byte[] _data;
    private readonly TransformWorkspace _workspace = new();

    public Transforming(ChunkTransform transform, string data)
        : this(transform, Text.UTF8.GetBytes(data))
    {
    }

    public Transforming(ChunkTransform transform, byte[] data)
    {
        (_transform, _data) = (transform, data);
        Records = transform.Run(data, new ChunkPosition(FirstRecord: 101, FirstLine: 201), _workspace);
        Assert.Equal(Records, _workspace.Rows.Count + _workspace.Rejects.Count + _workspace.Filtered);
    }

    public int Records { get; }

    /// <summary>How many a step left out.</summary>
    public int Filtered => _workspace.Filtered;

    /// <summary>Each row as <c>record:line value|value</c>; no value is <c>~</c>.</summary>
    public string[] Rows => [.. Enumerable.Range(0, _workspace.Rows.Count).Select(ShowRow)];

    /// <summary>
    /// Each reject as <c>record:line raw
    /// -> column Code text; …</c>; the whole record is column <c>*</c>.
    /// </summary>
    public string[] Rejects => [.. _workspace.Rejects.Rejects.ToArray().Select(ShowReject)];

    /// <summary>The same without what the data says: <c>record:line column Code; …</c>.</summary>
    public string[] Errors =>
    [
        .. _workspace.Rejects.Rejects.ToArray().Select(reject =>
            $"{reject.Record}:{reject.Line} "
            + string.Join("; ", _workspace.Rejects.ErrorsOf(reject).ToArray().Select(error => $"{ShowColumn(error.Column)} {error.Code}"))),
    ];

    /// <summary>Of each reject how many fields it has of how many it should have.</summary>
    public string[] FieldCounts =>
    [
        .. _workspace.Rejects.Rejects.ToArray().Select(r => _workspace.Rejects.ErrorsOf(r)[0].Fields)
            .Select(f => $"{f.Found} of {f.Expected}"),
    ];

    /// <summary>Where a row that the database refuses has the value of a column, as <c>spelling text</c>.</summary>
    public string Refuse(int row, short column)
    {
        RecordError error = _transform.ErrorOf(_data, _workspace.Rows.Marks[row], column, RecordErrorCode.Unique, _workspace);
        Assert.Equal((column, RecordErrorCode.Unique), (error.Column, error.Code));
        return $"{error.Spelling} {Slice(error.ValueStart, error.ValueLength)}".TrimEnd();
    }

    /// <summary>The values of a row as bytes, null for no value.</summary>
    public List<byte[]?> Values(int row)
    {
        ReadOnlySpan<byte> bytes = _workspace.Rows.RowBytes(row, 1).Span;
        int count = BinaryPrimitives.ReadInt16BigEndian(bytes);
        bytes = bytes[sizeof(short)..];
        List<byte[]?> values = [];
        for (int i = 0; i < count; i++)
        {
            int length = BinaryPrimitives.ReadInt32BigEndian(bytes);
            bytes = bytes[sizeof(int)..];
            values.Add(length < 0 ? null : bytes[..length].ToArray());
            bytes = bytes[Math.Max(0, length)..];
        }

        Assert.True(bytes.IsEmpty, "The row has the columns that it says.");
        return values;
    }

    /// <summary>A plan of text columns, by the names given; a name with <c>!</c> at its end is required.</summary>
    public static RowPlan PlanOf(
        string names, FieldsMatch? match = null, bool lineage = false, params RecordStep[] steps) =>
        PlanOf(match, lineage, [.. names.Split(',').Select(name => new FieldDefinition
        {
            Name = name.TrimEnd('!'),
            Type = FieldType.String,
            Constraints = new FieldConstraints { Required = name.EndsWith('!') },
        })], steps);

    public static RowPlan PlanOf(FieldsMatch? match, bool lineage, FieldDefinition[] fields, params RecordStep[] steps)
    {
        DatasetDefinition definition = new()
        {
            Schema = new TableSchema { Fields = [.. fields], FieldsMatch = match },
            Load = new LoadPolicy { Table = new TableName("public", "t"), Lineage = lineage },
        };
        return steps is [] ? new RowPlan(definition) : new RowPlan(definition, [.. steps]);
    }

    private string ShowRow(int row)
    {
        RowMark mark = _workspace.Rows.Marks[row];
        IEnumerable<string> values = Values(row).Select(value => value is null ? "~" : Text.UTF8.GetString(value));
        return $"{mark.Record}:{mark.Line} {string.Join('|', values)}";
    }

    private string ShowReject(Reject reject)
    {
        IEnumerable<string> errors = _workspace.Rejects.ErrorsOf(reject).ToArray().Select(e =>
            $"{ShowColumn(e.Column)} {e.Code} {Slice(e.ValueStart, e.ValueLength)}".TrimEnd());
        string raw = Slice(reject.RawStart, reject.RawLength);
        string more = reject.ErrorsUntold == 0 ? "" : $"; and {reject.ErrorsUntold} more";
        return $"{reject.Record}:{reject.Line} {raw} -> {string.Join("; ", errors)}{more}";
    }

    private static string ShowColumn(short column) => column == RecordError.WholeRecord ? "*" : $"{column}";

    private string Slice(int start, int length) => Text.UTF8.GetString(_data, start, length);
}
