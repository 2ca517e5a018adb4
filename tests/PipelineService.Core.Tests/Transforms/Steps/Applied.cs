using System.Buffers.Binary;
using System.Collections.Immutable;
using PipelineService.Core.Datasets;
using PipelineService.Core.Datasets.Transforms;
using PipelineService.Core.Encoding;
using PipelineService.Core.Parsing;
using PipelineService.Core.Parsing.Csv;
using PipelineService.Core.Parsing.Json;
using PipelineService.Core.Rules;
using PipelineService.Core.Transforms;
using PipelineService.Core.Transforms.Steps;
using Xunit;

namespace PipelineService.Core.Tests.Transforms.Steps;

/// <summary>
/// What ops make of values. A text is given to them in every way that it can be written: the answers must be the same.
/// </summary>
internal static class Applied
{
    public const string NoValue = "~";

    /// <summary>Short enough not to be taken for no value, and one more that is.</summary>
    private static readonly ImmutableArray<LabelledText> MissingValues = ["", "NA"];

    /// <summary>What a text of the field <c>a</c> becomes: a text, <see cref="NoValue"/>, or the code of the error.</summary>
    public static string To(string text, params TransformOp[] ops)
    {
        string[] results =
        [
            Csv(text, isQuoted: true, ops),
            Json($"\"{string.Concat(text.Select(unit => $"\\u{(int)unit:x4}"))}\"", ops),
            .. text.AsSpan().ContainsAny("\",\r\n") ? (string[])[] : [Csv(text, isQuoted: false, ops)],
            .. text.AsSpan().ContainsAny("\"\\") || text.Any(char.IsControl) ? (string[])[] : [Json($"\"{text}\"", ops)],
        ];
        return Assert.Single(results.Distinct());
    }

    /// <summary>What a JSON value of the field <c>a</c> becomes; other fields are behind it, after a bar each.</summary>
    public static string Json(string value, params TransformOp[] ops) => OfJson($"{{\"a\":{value},\"k\":\"k\"}}", "a", ops);

    /// <summary>The columns <paramref name="columns"/> of one JSON record.</summary>
    public static string OfJson(string record, string columns, params TransformOp[] ops)
    {
        RowPlan plan = PlanOf("abk", ops);
        return Show(plan, new ChunkTransform(plan, new NdjsonRecordReader(plan.Definition.Schema), new JobFacts(Guid.Empty)), System.Text.Encoding.UTF8.GetBytes(record), columns);
    }

    /// <summary>What bytes in the first field become.</summary>
    public static string Bytes(byte[] text, params TransformOp[] ops) => OfCsv([.. text, .. ",k\n"u8], ops);

    public static RowPlan PlanOf(string fields, params TransformOp[] ops) =>
        PlanOf([.. fields.Select(name => new FieldDefinition { Name = $"{name}", Type = FieldType.Any })], ops);

    private static RowPlan PlanOf(ImmutableArray<FieldDefinition> fields, TransformOp[] ops)
    {
        DatasetDefinition definition = new()
        {
            Schema = new TableSchema
            {
                Fields = fields,
                MissingValues = MissingValues,
            },
            Load = new LoadPolicy { Table = new TableName("public", "t"), Lineage = false },
            Transforms = [.. ops],
        };
        return new RowPlan(definition, RowSteps.Of(definition, name => name == "KEY" ? "Jefe"u8.ToArray() : null));
    }

    /// <summary>What one JSON record becomes, columns as they are stored in text; a whole number or a date is shown as such.</summary>
    public static string Typed(FieldDefinition[] fields, string record, params TransformOp[] ops)
    {
        RowPlan plan = PlanOf([.. fields], ops);
        return Show(
            plan,
            new ChunkTransform(plan, new NdjsonRecordReader(plan.Definition.Schema), new JobFacts(Guid.Empty)),
            System.Text.Encoding.UTF8.GetBytes(record),
            string.Join(',', plan.Columns.Select(column => column.Field.Name)));
    }

    private static string Csv(string text, bool isQuoted, TransformOp[] ops) => OfCsv(
        System.Text.Encoding.UTF8.GetBytes(isQuoted ? $"\"{text.Replace("\"", "\"\"", StringComparison.Ordinal)}\",k\n" : $"{text},k\n"), ops);

    private static string OfCsv(byte[] data, TransformOp[] ops)
    {
        RowPlan plan = PlanOf("ak", ops);
        CsvRecordReader reader = new(HeaderBinding.ByPosition(plan.Definition.Schema), CsvDialect.Default, recordBytesMax: 10_000);
        return Show(plan, new ChunkTransform(plan, reader, new JobFacts(Guid.Empty)), data, "a");
    }

    /// <summary>The columns of the one record in the data.</summary>
    public static string Show(RowPlan plan, ChunkTransform transform, byte[] data, string columns)
    {
        TransformWorkspace workspace = new();
        Assert.Equal(1, transform.Run(data, new ChunkPosition(1, 1), workspace));
        if (workspace.Rejects.Count > 0)
        {
            RecordError error = workspace.Rejects.ErrorsOf(workspace.Rejects.Rejects[0])[0];
            return $"{error.Code}";
        }

        return string.Join('|', columns.Split(',').Select(column => Value(plan, workspace, column)));
    }

    private static string Value(RowPlan plan, TransformWorkspace workspace, string column)
    {
        int index = plan.Columns.Select(c => c.Field.Name).ToImmutableArray().IndexOf(column);
        return !workspace.Rows.TryGetField(0, index, out ReadOnlySpan<byte> value) ? NoValue
            : plan.Columns[index].Field.Type == FieldType.Integer ? $"{BinaryPrimitives.ReadInt64BigEndian(value)}"
            : System.Text.Encoding.UTF8.GetString(value);
    }
}
