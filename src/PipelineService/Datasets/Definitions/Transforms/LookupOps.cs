using System.Collections.Immutable;
using PipelineService.Core.Datasets;
using PipelineService.Core.Datasets.Transforms;
using PipelineService.Core.Rules;
using PipelineService.Core.Transforms.Expressions.Typing;
using PipelineService.Datasets.Lookups;
using PipelineService.Hosting;

namespace PipelineService.Datasets.Definitions.Transforms;

/// <summary>Reads the op that looks up another dataset, and holds it against that one.</summary>
internal static class LookupOps
{
    private const string From = "from", Match = "match", Set = "set";

    public static TransformOp ReadLookup(OpReader op)
    {
        string from = op.FilledText(From, "the dataset that is looked up, such as \"zones\"");
        List<(string Key, string Field)> match = PairReader.Read(op, Match, "which fields have the key: { \"id\": \"zone\" }, its field first");
        List<(string Field, string Source)> set = PairReader.Read(op, Set, "what is taken: { \"borough\": \"borough\" }, the own field first");
        op.FieldPointers.AddRange(match.Select(pair => JsonPointer.Append(op.Json.PointerTo(Match), pair.Key)));
        op.SetPointers.AddRange(set.Select(pair => PairReader.PointerOf(op, Set, pair.Field)));
        var read = new LookupOp
        {
            From = from,
            Key = [.. match.Select(pair => pair.Key)],
            Fields = [.. match.Select(pair => pair.Field)],
            Sources = [.. set.Select(pair => pair.Source)],
            Sets = PairReader.WithTypes(op, [.. set.Select(pair => new SetField(pair.Field))]),
            Missing = op.Json.Choice("missing", OpWords.OnMissings, OnMissing.Reject),
            Pii = op.Json.Boolean("pii", otherwise: false),
        };
        return op.Lookups is not null && from.Length > 0 ? Checked(op, read, op.Lookups) : read;
    }

    private static LookupOp Checked(OpReader op, LookupOp read, LookupSources sources)
    {
        if (FaultOfSource(read.From, op.Dataset, sources) is string fault)
        {
            op.Json.Fault(From, fault);
            return read;
        }

        DatasetDefinition source = sources.Find(read.From)!;
        CheckKey(op, read, source.Lookup!);
        ImmutableArray<FieldDefinition> columns = source.Columns;
        ImmutableArray<FieldDefinition?> taken =
            [
                .. read.Sources.Select((name, i) => FindTaken(
                    op, read, columns, name, JsonPointer.Append(op.Json.PointerTo(Set), read.Sets[i].Name))),
            ];
        op.Taken.AddRange(taken);
        op.Matched.AddRange(read.Key.Select(name => columns.FirstOrDefault(column => column.Name == name)));
        IReadOnlySet<string> personal = source.PersonalColumns();
        return read with { Pii = read.Pii || read.Sources.Any(personal.Contains) };
    }

    private static string? FaultOfSource(string from, string? dataset, LookupSources sources)
    {
        if (from == dataset)
        {
            return "A dataset cannot look itself up: which of its rows are there already would depend on the order of the data.";
        }

        if (sources.Find(from) is not { } source)
        {
            return $"There is no dataset \"{Excerpt.Of(from)}\": declare it first.{Suggestion.For(from, sources.Names)}";
        }

        if (source.Load.Mode != LoadMode.Replace)
        {
            return $"Dataset \"{from}\" cannot be looked up, because its uploads add to its rows: declare it with load.mode "
                + "\"replace\" and "
                + "\"lookup\": { \"key\": [ … ] }.";
        }

        if (source.Lookup is null)
        {
            return $"Dataset \"{from}\" does not say by which key it can be looked up: declare it with \"lookup\": {{ \"key\": [ … ] }}.";
        }

        return dataset is not null && sources.FindCircle(from, dataset) is { } way
            ? $"A circle: {string.Join(", which looks up ", [dataset, .. way])}. Which of them would be loaded first?"
            : null;
    }

    private static void CheckKey(OpReader op, LookupOp read, LookupPolicy lookup)
    {
        string names = string.Join(", ", lookup.Key.Select(name => $"\"{name}\""));
        foreach (string name in read.Key.Except(lookup.Key))
        {
            op.Fault(
                JsonPointer.Append(op.Json.PointerTo(Match), name),
                $"\"{Excerpt.Of(name)}\" is not in the key of \"{read.From}\" ({names}).{op.Json.Near(name, lookup.Key)}");
        }

        string[] missing = [.. lookup.Key.Except(read.Key)];
        if (missing.Length > 0 && read.Key.Length > 0 && !read.Key.Except(lookup.Key).Any())
        {
            op.Json.Fault(
                Match,
                $"Lacks {string.Join(", ", missing.Select(name => $"\"{name}\""))}: the key of \"{read.From}\" is {names}, and "
                    + "all of it must be there.");
        }
    }

    private static FieldDefinition? FindTaken(
        OpReader op, LookupOp read, ImmutableArray<FieldDefinition> columns, string name, string pointer)
    {
        if (columns.FirstOrDefault(column => column.Name == name) is not { } found)
        {
            op.Fault(
                pointer, $"Dataset \"{read.From}\" has no field "
                    + $"\"{Excerpt.Of(name)}\".{op.Json.Near(name, columns.Select(c => c.Name))}");
            return null;
        }

        if (FieldKinds.Of(found) is null)
        {
            op.Fault(pointer, $"\"{Excerpt.Of(name)}\" of dataset \"{read.From}\" {FieldKinds.RefusalOf(found)}, so it cannot be taken.");
            return null;
        }

        return found;
    }
}
