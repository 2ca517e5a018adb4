using System.Collections.Immutable;
using System.Globalization;
using System.Text.Json;
using PipelineService.Core.Datasets;
using PipelineService.Core.Datasets.Transforms;
using PipelineService.Core.Rules;
using PipelineService.Datasets.Lookups;
using PipelineService.Hosting;

namespace PipelineService.Datasets.Definitions.Transforms;

/// <summary>
/// Reads the list of ops: each by the reader of its word, then what it means among the fields that there are at its place in the
/// list. All faults of all ops are found in one go.
/// </summary>
internal sealed class TransformsReader
{
    /// <summary>As long as an identifier: names are keys of counts and labels of metrics.</summary>
    private const int NameLengthMax = 63;

    private const string Transforms = "transforms";

    private readonly DefinitionFaults _faults;
    private readonly OpFields _fields;
    private readonly LookupSources? _lookups;
    private readonly string _dataset;
    private readonly Dictionary<string, int> _names = new(StringComparer.Ordinal);

    private TransformsReader(
        TableSchema schema, bool hasLineage, LookupSources? lookups, string dataset, DefinitionFaults faults)
    {
        (_lookups, _dataset) = (lookups, dataset);
        _faults = faults;
        _fields = new OpFields(schema, hasLineage, isDeclared: lookups is not null, faults);
    }

    /// <param name="resource">The definition.</param>
    /// <param name="schema">Its schema, as far as it could be read.</param>
    /// <param name="hasLineage">Whether the names of the lineage columns are taken.</param>
    /// <param name="lookups">As for <see cref="OpReader"/>.</param>
    /// <param name="dataset">The dataset.</param>
    /// <param name="faults">Takes what is wrong.</param>
    public static ImmutableArray<TransformOp> Read(
        ObjectReader resource, TableSchema schema, bool hasLineage, LookupSources? lookups, string dataset, DefinitionFaults faults)
    {
        if (resource.TryGet(Transforms, out JsonElement list)
            && list.ValueKind == JsonValueKind.Array && list.GetArrayLength() > TransformOp.CountMax)
        {
            resource.Fault(Transforms, $"There must be at most {TransformOp.CountMax} ops.");
            return [];
        }

        TransformsReader reader = new(schema, hasLineage, lookups, dataset, faults);
        int index = 0;
        ImmutableArray<TransformOp> ops = resource.Items(Transforms, (json, pointer) => reader.ReadOp(json, pointer, index++));
        reader._fields.CheckResults();
        reader._fields.CheckCount(resource);
        ScoreFields.CheckCount(ops, resource);
        reader._fields.CheckExpressions();
        return ops.IsDefault ? [] : ops;
    }

    /// <returns>Null where there are faults; what comes behind it is read all the same.</returns>
    private TransformOp? ReadOp(JsonElement json, string pointer, int index)
    {
        if (ObjectReader.Open(json, pointer, _faults) is not ObjectReader properties)
        {
            return null;
        }

        string? name = ReadName(properties, index);
        if (ReaderOf(properties) is not { } read)
        {
            _fields.AddUnread(json);
            return null;
        }

        OpReader reader = new(properties, _faults, _lookups, _dataset);
        TransformOp op = read(reader) with { Name = name };
        properties.PassOverNull(OpWords.Properties);
        properties.Finish(OpWords.OfProperties);
        return _fields.Check(op, index, reader);
    }

    private string? ReadName(ObjectReader op, int index)
    {
        if (op.Text("name") is not string name)
        {
            return null;
        }

        if (name.Length is 0 or > NameLengthMax)
        {
            op.Fault("name", $"Must have 1 to {NameLengthMax} characters.");
        }
        else if (!_names.TryAdd(name, index))
        {
            op.Fault(
                "name", string.Create(CultureInfo.InvariantCulture, $"\"{Excerpt.Of(name)}\" is already the name of op {_names[name]}."));
        }

        return name;
    }

    private static Func<OpReader, TransformOp>? ReaderOf(ObjectReader op)
    {
        if (op.Text("op") is not string word)
        {
            if (!op.TryGet("op", out _))
            {
                op.Fault("op", "Is missing: what is to be done, such as \"trim\".");
            }

            return null;
        }

        if (OpWords.Ops.FirstOrDefault(known => known.Word.Equals(word, StringComparison.OrdinalIgnoreCase)).Read is { } read)
        {
            return read;
        }

        string meant = OpWords.OfOps.TryGetValue(word, out string? advice)
            ? $" {advice}"
            : Suggestion.For(word, OpWords.Ops.Select(known => known.Word));
        op.Fault("op", $"\"{Excerpt.Of(word)}\" is not an op.{meant}");
        return null;
    }
}
