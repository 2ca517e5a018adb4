using System.Collections.Immutable;
using System.Text.Json;
using PipelineService.Core.Datasets;

namespace PipelineService.Datasets.Definitions.Tests;

/// <summary>Reads an entry of <c>tests</c>: a record, and one of <c>row</c>, <c>rejected</c> and <c>filtered</c>.</summary>
internal static class DatasetTestReader
{
    /// <summary>More than anybody reads, and few enough to be run at each PUT.</summary>
    public const int CountMax = 500;

    /// <summary>Rows of a looked up dataset that a test may have.</summary>
    private const int LookupRowsMax = 100;

    private const string OneOutcome =
        "Must say what becomes of the record, in one way: \"row\" with the columns that it must have, \"rejected\" with a code, or "
        + "\"filtered\" with the name of the filter or true.";

    /// <returns>Null when it has a fault.</returns>
    public static DatasetTest? Read(JsonElement json, string pointer, DefinitionFaults faults)
    {
        if (ObjectReader.Open(json, pointer, faults) is not ObjectReader test)
        {
            return null;
        }

        string? record = ReadObject(test, "record");
        string? row = ReadObject(test, "row");
        string? rejected = test.Text("rejected");
        ImmutableDictionary<string, ImmutableArray<string>> lookups =
            ReadNamed(test, "lookups", "Must be an object: the fields of a row and their values.", faults);
        ImmutableDictionary<string, ImmutableArray<string>> services =
            ReadNamed(test, "services", "Must be an object: an \"input\", and the \"output\" or the \"error\" that is answered.", faults);
        (bool isFiltered, string? filter) = ReadFiltered(test);
        test.Metadata("title", "description");
        test.Finish();
        if (record is null && !test.TryGet("record", out _))
        {
            test.Fault("record", "Is missing: an object with the fields as the data calls them.");
        }

        int outcomes = (test.TryGet("row", out _) ? 1 : 0) + (test.TryGet("rejected", out _) ? 1 : 0) + (isFiltered ? 1 : 0);
        if (outcomes != 1)
        {
            faults.Add(pointer, OneOutcome);
        }

        if (faults.Hides(pointer) || record is null)
        {
            return null;
        }

        DatasetTest read = row is not null ? new DatasetTest(record, TestOutcome.Row) { Row = row }
            : rejected is not null ? new DatasetTest(record, TestOutcome.Rejected) { Reason = rejected }
            : new DatasetTest(record, TestOutcome.Filtered) { Reason = filter };
        return read with { Lookups = lookups, Services = services };
    }

    /// <summary>
    /// <c>lookups</c>: of each dataset that is looked up the rows that it has for the test. <c>services</c>: of each service that is asked
    /// what it answers.
    /// </summary>
    private static ImmutableDictionary<string, ImmutableArray<string>> ReadNamed(
        ObjectReader test, string property, string meaning, DefinitionFaults faults)
    {
        var all = ImmutableDictionary.CreateBuilder<string, ImmutableArray<string>>(StringComparer.Ordinal);
        if (!test.TryGet(property, out JsonElement lookups)
            || ObjectReader.Open(lookups, test.PointerTo(property), faults) is not { } datasets)
        {
            return all.ToImmutable();
        }

        foreach (JsonProperty dataset in lookups.EnumerateObject())
        {
            ImmutableArray<string> rows = datasets.Items(dataset.Name, (row, pointer) =>
            {
                if (row.ValueKind == JsonValueKind.Object)
                {
                    return JsonSerializer.Serialize(row);
                }

                faults.Add(pointer, meaning);
                return null;
            });
            if (rows.Length > LookupRowsMax)
            {
                datasets.Fault(dataset.Name, $"There are more than {LookupRowsMax} of them.");
            }

            all[dataset.Name] = rows.IsDefault ? [] : rows;
        }

        return all.ToImmutable();
    }

    private static string? ReadObject(ObjectReader test, string name)
    {
        if (!test.TryGet(name, out JsonElement value))
        {
            return null;
        }

        if (value.ValueKind == JsonValueKind.Object)
        {
            // In one line, whatever the lines of the definition are: it is read as a record of NDJSON.
            return JsonSerializer.Serialize(value);
        }

        test.Fault(name, "Must be an object.");
        return null;
    }

    private static (bool IsFiltered, string? Filter) ReadFiltered(ObjectReader test)
    {
        if (!test.TryGet("filtered", out JsonElement value))
        {
            return (false, null);
        }

        return value.ValueKind switch
        {
            JsonValueKind.True => (true, null),
            JsonValueKind.String => (true, test.Text("filtered")),
            _ => Refused(),
        };

        (bool, string?) Refused()
        {
            test.Fault("filtered", "Must be true, or the name of a filter.");
            return (true, null);
        }
    }
}
