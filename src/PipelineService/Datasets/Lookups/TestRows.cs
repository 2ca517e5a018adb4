using System.Text.Json;
using PipelineService.Core.Datasets;
using PipelineService.Core.Encoding;
using PipelineService.Core.Lookups;
using PipelineService.Core.Rejects;
using PipelineService.Core.Rules;
using PipelineService.Core.Transforms.Expressions.Typing;
using PipelineService.Core.Values;
using PipelineService.Datasets.Definitions;

namespace PipelineService.Datasets.Lookups;

/// <summary>The rows that a test gives to a dataset that is looked up.</summary>
internal static class TestRows
{
    /// <summary>Reads them as the dataset itself would.</summary>
    /// <param name="rows">The texts of JSON objects.</param>
    /// <param name="source">The dataset's definition.</param>
    /// <param name="use">What is taken of it.</param>
    /// <param name="pointer">Where they stand.</param>
    /// <param name="faults">Takes what is wrong with them.</param>
    public static LookupTable Read(
        IReadOnlyList<string> rows, DatasetDefinition source, LookupUse use, string pointer, DefinitionFaults faults)
    {
        FieldDefinition[] columns = [.. source.Columns];
        LookupTable table = new(use);
        SentRows into = new(table);
        for (int i = 0; i < rows.Count; i++)
        {
            string place = JsonPointer.Append(pointer, i);
            using var row = JsonDocument.Parse(rows[i]);
            foreach (JsonProperty member in row.RootElement.EnumerateObject().Where(m => columns.All(column => column.Name != m.Name)))
            {
                faults.Add(
                    JsonPointer.Append(place, member.Name),
                    $"Dataset \"{use.Dataset}\" has no field \"{Excerpt.Of(member.Name)}\"."
                    + faults.Near(member.Name, columns.Select(c => c.Name)));
            }

            into.Add(
            [
                .. use.Columns.Select(column => ValueOf(
                    row.RootElement, columns.First(c => c.Name == column.Name), column.Kind, place, faults)),
            ]);
        }

        return table;
    }

    private static ArraySegment<byte> ValueOf(
        JsonElement row, FieldDefinition field, TypedKind kind, string pointer, DefinitionFaults faults)
    {
        if (!row.TryGetProperty(field.Name, out JsonElement json))
        {
            return default;
        }

        ColumnPlan column = new(FieldKinds.Read(field), 0, []);
        if (!StoredValue.TryEncode(json, column, out StoredValue value, out RecordErrorCode code))
        {
            faults.Add(JsonPointer.Append(pointer, field.Name), $"No row can have this: {ErrorMessages.For(field, code)}");
            return default;
        }

        if (value.Bytes is not { } bytes)
        {
            return default;
        }

        bool isUuid = kind == TypedKind.Text && field.ColumnType.Name == SqlTypeName.Uuid;
        return isUuid ? System.Text.Encoding.UTF8.GetBytes(new Guid(bytes, bigEndian: true).ToString("D")) : bytes;
    }
}
