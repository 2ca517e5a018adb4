using PipelineService.Core.Datasets;
using PipelineService.Core.Datasets.Transforms;
using PipelineService.Core.Encoding;
using PipelineService.Core.Parsing;
using PipelineService.Core.Parsing.Csv;
using PipelineService.Core.Parsing.Json;
using PipelineService.Core.Rejects;
using PipelineService.Core.Rules;
using PipelineService.Core.Transforms;
using PipelineService.Core.Transforms.Steps;

namespace PipelineService.Core.Tests.Transforms.Steps.Rows;

/// <summary>Records of a dataset whose ops compute, and what became of them.</summary>
internal sealed class Computed
{
    private readonly RowPlan _plan;
    private readonly ChunkTransform _transform;
    private readonly TransformWorkspace _workspace = new();

    /// <param name="fields">The fields of the data.</param>
    /// <param name="ops">What is done to a record.</param>
    public Computed(FieldDefinition[] fields, params TransformOp[] ops)
        : this(fields, isCsv: false, ops)
    {
    }

    public Computed(FieldDefinition[] fields, bool isCsv, params TransformOp[] ops)
    {
        DatasetDefinition definition = new()
        {
            Schema = new TableSchema { Fields = [.. fields] },
            Load = new LoadPolicy { Table = new TableName("public", "t"), Lineage = false },
            Transforms = [.. ops],
        };
        _plan = new RowPlan(definition, RowSteps.Of(definition, _ => null));
        _transform = isCsv
            ? new(_plan, new CsvRecordReader(HeaderBinding.ByPosition(definition.Schema), CsvDialect.Default, recordBytesMax: 10_000), Job)
            : new(_plan, new NdjsonRecordReader(definition.Schema), Job);
    }

    public static JobFacts Job { get; } = new(
        new Guid("0190163d-8694-739b-aea5-966c26f8ad91"), "acme", new DateTime(2026, 1, 31, 12, 30, 0, DateTimeKind.Utc));

    public static FieldDefinition Field(string name, FieldType type = FieldType.String, SqlType? sqlType = null) =>
        new() { Name = name, Type = type, SqlType = sqlType };

    public static DeriveOp Derive(string field, FieldType type, string expression, SqlType? sqlType = null) =>
        new() { Sets = [new SetField(field, type, sqlType)], Expression = expression };

    /// <summary>Gives a value to a field that is there already.</summary>
    public static DeriveOp Replace(string field, string expression) => new() { Sets = [new SetField(field)], Expression = expression };

    /// <summary>Each row as the values of its columns, each reject as its reasons, in the order of the data.</summary>
    public string[] Run(string data)
    {
        byte[] bytes = System.Text.Encoding.UTF8.GetBytes(data);
        _transform.Run(bytes, new ChunkPosition(1, 1), _workspace);
        IEnumerable<(long Record, string Text)> rows = _workspace.Rows.Marks.ToArray().Select((mark, row) => (mark.Record, string.Join(
            ' ', _plan.Columns.Select((column, i) => StoredValue.Of(_workspace.Rows, row, i, column).ToString()))));
        IEnumerable<(long Record, string Text)> rejects = _workspace.Rejects.Rejects.ToArray().Select(
            reject => (reject.Record, string.Join("; ", _workspace.Rejects.ErrorsOf(reject).ToArray().Select(Shown))));
        return [.. rows.Concat(rejects).OrderBy(result => result.Record).Select(result => result.Text)];
    }

    /// <summary>What the ops have counted, and how many records were left out.</summary>
    public string Counts => string.Join(
        ", ", _plan.CountOps(_workspace.Ops).Select(op => $"{op.Index} {op.Name ?? op.Op}: {op.Records}").Append($"filtered {_workspace.Filtered}"));

    /// <summary>Bytes that a run allocates once the workspace has grown.</summary>
    public long Allocates(byte[] data)
    {
        _transform.Run(data, new ChunkPosition(1, 1), _workspace);
        return Allocations.Of(() => _transform.Run(data, new ChunkPosition(1, 1), _workspace));
    }

    private string Shown(RecordError error)
    {
        var reason = RecordReason.Of(error, _plan);
        string op = error.Op is int index ? $" op {index} inputs {string.Join(',', _plan.Steps[index].Inputs)}" : "";
        return $"{reason.Field?.Name ?? "*"} {reason.Code}{op}{(error.Op is null ? "" : $": {reason.Message}")}";
    }
}
