using System.Collections.Immutable;
using PipelineService.Core.Datasets;
using PipelineService.Core.Rules;
using PipelineService.Core.Transforms.Expressions.Functions;
using PipelineService.Core.Transforms.Expressions.Typing;
using PipelineService.Core.Values;

namespace PipelineService.Core.Transforms.Expressions;

/// <summary>The fields that an expression may use. Immutable.</summary>
/// <param name="fields">All fields of a record, derived ones included, in the order of their indexes.</param>
/// <param name="later">Indexes of those that have no value yet where the expression stands: an op behind it sets them.</param>
public sealed class ExpressionScope(ImmutableArray<FieldDefinition> fields, IReadOnlySet<int>? later = null)
{
    private readonly Dictionary<string, int> _indexes = fields
        .Select((field, index) => (field.Name, index))
        .DistinctBy(pair => pair.Name, StringComparer.Ordinal)
        .ToDictionary(pair => pair.Name, pair => pair.index, StringComparer.Ordinal);

    public ImmutableArray<FieldDefinition> Fields { get; } = fields;

    /// <summary>The scope at one place in the list of ops.</summary>
    /// <param name="fields">All fields of the definition, those that ops set in the order of the ops.</param>
    /// <param name="before">How many there are before the op; the others are set by it or by later ones.</param>
    public static ExpressionScope At(ImmutableArray<FieldDefinition> fields, int before) =>
        new(fields, Enumerable.Range(before, fields.Length - before).ToHashSet());

    /// <summary>The kind that an expression must have: of the field that takes its result, or of a condition.</summary>
    /// <remarks>A field that expressions cannot use takes a text, which is read as one that was sent.</remarks>
    /// <param name="target">The field; null for a condition.</param>
    public static TypedKind ExpectedOf(FieldDefinition? target) =>
        target is null ? TypedKind.Boolean : FieldKinds.Of(target) ?? TypedKind.Text;

    /// <summary>Finds a field by its name.</summary>
    /// <param name="name">As PostgreSQL understands it: in lower case if it was not quoted.</param>
    /// <param name="index">0-based.</param>
    /// <param name="kind">What its values are.</param>
    /// <returns>Why there is no such field, or null.</returns>
    internal string? Find(string name, out int index, out TypedKind kind)
    {
        kind = TypedKind.Null;
        if (!_indexes.TryGetValue(name, out index))
        {
            return UnknownField(name);
        }

        if (later?.Contains(index) == true)
        {
            return $"The field {Shown(name)} is set by a later op: move that one before this.";
        }

        if (FieldKinds.Of(Fields[index]) is not TypedKind found)
        {
            return $"The field {Shown(name)} {FieldKinds.RefusalOf(Fields[index])}.";
        }

        kind = found;
        return null;
    }

    private string UnknownField(string name)
    {
        string? otherCase = _indexes.Keys.FirstOrDefault(field => field.Equals(name, StringComparison.OrdinalIgnoreCase));
        if (otherCase is not null)
        {
            return $"There is no field {Shown(name)}. A name that is not all lower case stands in double quotes: "
                + $"{Identifier.Quote(Shown(otherCase))}.";
        }

        string hint = NearestName.Of(name, _indexes.Keys) is string near ? $" Did you mean {Shown(near)}?"
            : FunctionCatalog.Names.Contains(name) ? $" The function is called as {name}(…)."
            : " A text stands in single quotes: 'text'.";
        return $"There is no field {Shown(name)}.{hint}";
    }

    private static string Shown(string name) => Excerpt.Of(name);
}
