using PipelineService.Core.Datasets;
using PipelineService.Core.Datasets.Transforms;
using PipelineService.Core.Rules;
using PipelineService.Core.Transforms.Expressions.Typing;
using PipelineService.Core.Values;

namespace PipelineService.Datasets.Definitions.Transforms;

/// <summary>The fields of a lookup beside those of the dataset that it looks up: what is compared or given must be of one kind.</summary>
internal static class LookupFields
{
    /// <summary>
    /// Gives the fields that nobody has declared before the types that they have in the looked up dataset.
    /// </summary>
    public static TransformOp WithTypes(TransformOp op, OpReader reader, FieldScope scope, DefinitionFaults faults)
    {
        if (op is not LookupOp lookup || reader.Taken.Count != lookup.Sets.Length)
        {
            return op;
        }

        return lookup with
        {
            Sets =
            [
                .. lookup.Sets.Select((set, i) => reader.Taken[i] is { } taken && scope.IndexOf(set.Name) < 0
                    ? Typed(set, taken, lookup.From, reader.SetPointers[i].Name, faults)
                    : set),
            ],
        };
    }

    /// <summary>Holds the kinds of both sides against each other, where they are known.</summary>
    public static void Check(LookupOp op, OpReader reader, FieldScope scope, DefinitionFaults faults)
    {
        for (int i = 0; i < op.Fields.Length; i++)
        {
            if (scope.IsPattern(op.Fields[i]))
            {
                faults.Add(reader.FieldPointers[i], "Must be the name of one field: a pattern may stand for several.");
            }
        }

        for (int i = 0; i < reader.Matched.Count && i < op.Fields.Length; i++)
        {
            if (reader.Matched[i] is { } key && scope.IndexOf(op.Fields[i]) is int own and >= 0)
            {
                CheckKinds(scope.Fields[own], key, op.From, "compared", reader.FieldPointers[i], faults);
            }
        }

        for (int i = 0; i < reader.Taken.Count && i < op.Sets.Length; i++)
        {
            if (reader.Taken[i] is not { } taken)
            {
                continue;
            }

            if (scope.IndexOf(op.Sets[i].Name) is int own and >= 0)
            {
                CheckKinds(scope.Fields[own], taken, op.From, "given to it", reader.SetPointers[i].Name, faults);
            }
            else if (op.Missing == OnMissing.Keep)
            {
                faults.Add(
                    reader.SetPointers[i].Name,
                    $"Nothing gives \"{Excerpt.Of(op.Sets[i].Name)}\" a value before, which it could keep: use \"missing\": \"null\".");
            }
        }
    }

    private static SetField Typed(SetField set, FieldDefinition taken, string from, string pointer, DefinitionFaults faults)
    {
        SetField typed = new(set.Name, taken.Type);
        if (typed.ToField(taken.Type).ColumnType.ToString() != taken.ColumnType.ToString())
        {
            typed = typed with { SqlType = taken.ColumnType };
        }

        if (set.Type is not null && FieldKinds.Of(set.ToField(FieldType.String)) is var told && told != FieldKinds.Of(taken))
        {
            faults.Add(
                pointer,
                $"\"{Excerpt.Of(taken.Name)}\" of dataset \"{from}\" is {WordOf(taken)}, and \"into\" says "
                    + $"{WordOf(set.ToField(FieldType.String))}: leave it"
                + " out of \"into\".");
        }

        return set.Type is null ? typed : set;
    }

    private static void CheckKinds(
        FieldDefinition own, FieldDefinition other, string from, string verb, string pointer, DefinitionFaults faults)
    {
        if (FieldKinds.Of(own) is not TypedKind kind)
        {
            faults.Add(pointer, $"\"{Excerpt.Of(own.Name)}\" {FieldKinds.RefusalOf(own)}.");
        }
        else if (FieldKinds.Of(other) is TypedKind there && kind != there)
        {
            faults.Add(
                pointer,
                $"\"{Excerpt.Of(other.Name)}\" of dataset \"{from}\" is {WordOf(other)}, and \"{Excerpt.Of(own.Name)}\" is "
                    + $"{WordOf(own)} here: what is "
                + $"{verb} must be of one type. Declare one of the two as the other, or derive a field of that type before.");
        }
    }

    private static string WordOf(FieldDefinition field) =>
        $"{DefinitionWords.FieldTypes.WordFor(field.Type)} ({field.ColumnType})";
}
