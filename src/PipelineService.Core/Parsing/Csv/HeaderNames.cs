using System.Collections.Immutable;
using PipelineService.Core.Datasets;

namespace PipelineService.Core.Parsing.Csv;

/// <summary>Names in a header as the schema writes them.</summary>
public static class HeaderNames
{
    /// <summary>What two names have in common that match but for case and blanks around them.</summary>
    public static string KeyOf(string name) => name.Trim().ToUpperInvariant();

    /// <summary>Gives each name that matches one of the schema's the spelling of that; others stay as they are.</summary>
    public static ImmutableArray<string> AsDeclared(ImmutableArray<string> names, TableSchema schema, HeaderMatch match)
    {
        if (match == HeaderMatch.Exact || names.IsEmpty)
        {
            return names;
        }

        string[] declared = [.. schema.FieldsInData.Select(field => field.NameInData).Distinct(StringComparer.Ordinal)];
        ILookup<string, string> byKey = declared.ToLookup(KeyOf, StringComparer.Ordinal);
        return [.. names.Select(name => declared.Contains(name) ? name : byKey[KeyOf(name)].FirstOrDefault(name))];
    }
}
