using System.Collections.Immutable;

namespace PipelineService.Core.Datasets.Transforms;

/// <summary>
/// The fields that an op can name: those of the schema, and behind them those that ops before it have set. All of them together are
/// the columns of the dataset, in this order.
/// </summary>
public sealed class FieldScope
{
    private const char Wildcard = '*';

    private readonly List<FieldDefinition> _fields = [];
    private readonly List<FieldPlace> _places = [];
    private readonly Dictionary<string, int> _indexes = new(StringComparer.Ordinal);

    public FieldScope(TableSchema schema)
    {
        for (int index = 0; index < schema.Fields.Length; index++)
        {
            Add(schema.Fields[index], new FieldPlace(FieldPlace.Schema, index));
        }
    }

    /// <summary>The fields of a whole definition.</summary>
    public static FieldScope Of(DatasetDefinition definition)
    {
        FieldScope scope = new(definition.Schema);
        for (int op = 0; op < definition.Transforms.Length; op++)
        {
            scope.AddSetsOf(definition.Transforms[op], op);
        }

        return scope;
    }

    public IReadOnlyList<FieldDefinition> Fields => _fields;

    /// <summary>For each field where it is declared.</summary>
    public IReadOnlyList<FieldPlace> Places => _places;

    /// <summary>Whether a text names no field but may match several.</summary>
    public bool IsPattern(string text) => text.Contains(Wildcard, StringComparison.Ordinal) && !_indexes.ContainsKey(text);

    /// <summary>The index of a field, or −1.</summary>
    public int IndexOf(string name) => _indexes.GetValueOrDefault(name, -1);

    /// <summary>The indexes of the fields that an op works on, each once, in the order in which it names them.</summary>
    public ImmutableArray<int> FieldsOf(TransformOp op) => [.. op.Fields.SelectMany(text => Find(text, op)).Distinct()];

    /// <summary>The indexes of the fields that a name or a pattern of an op stands for.</summary>
    public IEnumerable<int> Find(string text, TransformOp op) =>
        IsPattern(text) ? Enumerable.Range(0, _fields.Count).Where(index => Matches(text, _fields[index].Name) && op.SuitsPattern(_fields[index]))
        : IndexOf(text) is int found and >= 0 ? [found]
        : [];

    /// <summary>Takes in the fields that an op sets, as far as they are new.</summary>
    /// <param name="op">The op.</param>
    /// <param name="index">Its 0-based index in the list.</param>
    public void AddSetsOf(TransformOp op, int index)
    {
        for (int i = 0; i < op.Sets.Length; i++)
        {
            SetField set = op.Sets[i];
            if (!_indexes.ContainsKey(set.Name))
            {
                Add(set.ToField(op.SetTypeOf(set)), new FieldPlace(index, i));
            }
        }
    }

    /// <summary>Whether a pattern matches all of a name. Linear in the name for each of its wildcards.</summary>
    public static bool Matches(ReadOnlySpan<char> pattern, ReadOnlySpan<char> name)
    {
        int star = pattern.IndexOf(Wildcard);
        if (star < 0)
        {
            return name.SequenceEqual(pattern);
        }

        if (!name.StartsWith(pattern[..star], StringComparison.Ordinal))
        {
            return false;
        }

        name = name[star..];
        pattern = pattern[(star + 1)..];
        while (pattern.IndexOf(Wildcard) is int next and >= 0)
        {
            // The first place where the part fits leaves most for the rest.
            int found = name.IndexOf(pattern[..next], StringComparison.Ordinal);
            if (found < 0)
            {
                return false;
            }

            name = name[(found + next)..];
            pattern = pattern[(next + 1)..];
        }

        return name.EndsWith(pattern, StringComparison.Ordinal);
    }

    private void Add(FieldDefinition field, FieldPlace place)
    {
        _indexes.TryAdd(field.Name, _fields.Count);
        _fields.Add(field);
        _places.Add(place);
    }
}

/// <summary>Where a definition declares a field.</summary>
/// <param name="Op">0-based index of the op that sets it, or <see cref="Schema"/>.</param>
/// <param name="Index">0-based index among the fields of the schema, or among those that the op sets.</param>
public readonly record struct FieldPlace(int Op, int Index)
{
    /// <summary>No op: the field is declared in the schema.</summary>
    public const int Schema = -1;

    public bool IsInSchema => Op == Schema;
}
