using System.Collections.Immutable;
using FluentValidation;
using PipelineService.Core.Datasets;
using PipelineService.Core.Rules;
using PipelineService.Hosting;

namespace PipelineService.Datasets.Definitions;

internal sealed class TableSchemaValidator : AbstractValidator<TableSchema>
{
    /// <summary>PostgreSQL's bound on columns (1600) less the two lineage columns.</summary>
    public const int FieldsMax = 1_598;

    public static readonly string FieldCountFault = $"There must be 1 to {FieldsMax} fields.";

    /// <summary>PostgreSQL's bound on the columns of an index.</summary>
    private const int KeyFieldsMax = 32;

    /// <summary>Of all keys of a kind so many faults are told.</summary>
    private const int KeyFaultsMax = 100;

    public TableSchemaValidator(bool hasLineage)
    {
        RuleFor(s => s.Fields).Must(fields => fields.Length is >= 1 and <= FieldsMax)
            .WithMessage(FieldCountFault);
        RuleForEach(s => s.Fields).SetValidator(new FieldValidator(hasLineage));
        RuleFor(s => s.Fields).Custom((fields, context) =>
        {
            FindRepeats(fields, field => field.Name, (index, name, first) =>
                context.AddFailure($"Fields[{index}].Name", $"\"{Excerpt.Of(name)}\" is already the name of field {first}."));
            FindRepeats(fields, field => context.InstanceToValidate.IsRest(field) ? "" : field.NameInData, (index, name, first) =>
            {
                if (fields[index].Name != fields[first].Name)
                {
                    context.AddFailure(
                        fields[index].Source is null ? $"Fields[{index}].Name" : $"Fields[{index}].Source",
                        $"\"{Excerpt.Of(name)}\" already names field {first} in the data.");
                }
            });
        });
        RuleFor(s => s).Custom((schema, context) =>
        {
            IEnumerable<(string Path, string Sentence)> faults =
            [
                .. FaultsOfKey(schema.PrimaryKey, schema.Fields).Select(fault => (nameof(TableSchema.PrimaryKey), fault)),
                .. FaultsOfUniqueKeys(schema).Take(KeyFaultsMax),
                .. FaultsOfForeignKeys(schema).Take(KeyFaultsMax),
            ];
            foreach ((string path, string sentence) in faults)
            {
                context.AddFailure(path, sentence);
            }
        });
        RuleFor(s => s.Fields).Custom((fields, context) =>
        {
            for (int i = 0; i < fields.Length; i++)
            {
                if (fields[i].Constraints.Unique && FaultOfComparing(fields[i]) is string fault)
                {
                    context.AddFailure($"{nameof(TableSchema.Fields)}[{i}].Constraints.Unique", fault);
                }
            }
        });
    }

    private static IEnumerable<(string Path, string Sentence)> FaultsOfUniqueKeys(TableSchema schema)
    {
        for (int i = 0; i < schema.UniqueKeys.Length; i++)
        {
            string path = $"{nameof(TableSchema.UniqueKeys)}[{i}]";
            foreach (string fault in FaultsOfKey(schema.UniqueKeys[i], schema.Fields))
            {
                yield return (path, fault);
            }

            if (schema.UniqueKeys[i].IsEmpty)
            {
                yield return (path, "Must name at least one field.");
            }
        }
    }

    private static IEnumerable<(string Path, string Sentence)> FaultsOfForeignKeys(TableSchema schema)
    {
        for (int i = 0; i < schema.ForeignKeys.Length; i++)
        {
            string path = $"{nameof(TableSchema.ForeignKeys)}[{i}]";
            ForeignKey key = schema.ForeignKeys[i];
            foreach (string fault in FaultsOfKey(key.Fields, schema.Fields))
            {
                yield return ($"{path}.Fields", fault);
            }

            if (key.Resource is null)
            {
                foreach (string fault in FaultsOfKey(key.ReferenceFields, schema.Fields))
                {
                    yield return ($"{path}.Reference.Fields", fault);
                }
            }

            if (!key.Fields.IsEmpty && !key.ReferenceFields.IsEmpty && key.Fields.Length != key.ReferenceFields.Length)
            {
                yield return (
                    $"{path}.Reference.Fields",
                    $"Must be as many as the fields that refer to them: {key.Fields.Length}, and not {key.ReferenceFields.Length}.");
            }
        }
    }

    /// <summary>A json column cannot tell whether two values are the same.</summary>
    private static string? FaultOfComparing(FieldDefinition field) => field.ColumnType.Name == SqlTypeName.Json
        ? $"\"{field.Name}\" is of type json, which PostgreSQL cannot compare: use jsonb."
        : null;

    private static IEnumerable<string> FaultsOfKey(ImmutableArray<string> key, ImmutableArray<FieldDefinition> fields)
    {
        if (key.Length > KeyFieldsMax)
        {
            yield return $"A key has at most {KeyFieldsMax} fields.";
            yield break; // each of them would be looked for among all fields
        }

        foreach (IGrouping<string, string> names in key.GroupBy(name => name))
        {
            FieldDefinition? field = fields.FirstOrDefault(f => f.Name == names.Key);
            if (field is null)
            {
                yield return $"\"{Excerpt.Of(names.Key)}\" is not the name of a field."
                    + Suggestion.For(names.Key, fields.Select(f => f.Name));
            }
            else if (FaultOfComparing(field) is string fault)
            {
                yield return fault;
            }

            if (names.Skip(1).Any())
            {
                yield return $"\"{Excerpt.Of(names.Key)}\" is listed more than once.";
            }
        }
    }

    private static void FindRepeats(
        ImmutableArray<FieldDefinition> fields, Func<FieldDefinition, string> nameOf, Action<int, string, int> found)
    {
        var firsts = new Dictionary<string, int>(StringComparer.Ordinal);
        for (int index = 0; index < fields.Length; index++)
        {
            string name = nameOf(fields[index]);
            if (name.Length > 0 && !firsts.TryAdd(name, index))
            {
                found(index, name, firsts[name]);
            }
        }
    }
}
