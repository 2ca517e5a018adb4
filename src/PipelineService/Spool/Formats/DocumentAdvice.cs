using System.Text;
using System.Text.Json;
using PipelineService.Core.Parsing.Json;
using PipelineService.Core.Rules;

namespace PipelineService.Spool.Formats;

/// <summary>What to set in the definition, or to send, where a document does not have its records where they are looked for.</summary>
internal static class DocumentAdvice
{
    private const int NamesMax = 10;

    /// <summary>An object, and nothing says where in it the records are.</summary>
    /// <param name="bytes">Its first bytes: only the names in them can be told.</param>
    /// <param name="isPersonal">Whether names that nobody has declared are not told.</param>
    public static string ForObject(ReadOnlySpan<byte> bytes, bool isPersonal)
    {
        if (JsonObjects.AreSeveral(bytes))
        {
            return "The data has several documents, as one object a line is: send it as application/x-ndjson. A document of JSON is an "
                + "array of records, or an object that has one.";
        }

        string[] arrays = isPersonal ? [] : [.. ArraysIn(bytes).Take(NamesMax)];
        string names = arrays.Length == 0 ? "" : $" (it has arrays under {Quoted(arrays)})";
        return "The document is an object, not an array of records. Set dialect.property to the name of the array in it"
            + $"{names}, to \"\" if the object is the one record, or dialect.items if it has records and what all of them share.";
    }

    /// <summary>Something that begins otherwise.</summary>
    public static string ForOther(byte found) => found == TextScanner.Separator
        ? "The document begins with a record separator (U+001E): send a JSON text sequence as application/json-seq."
        : "The document is neither an array nor an object: send an array of records, or CSV as text/csv.";

    /// <summary>The path does not lead to an array.</summary>
    /// <param name="result">Why not.</param>
    /// <param name="property">As it was declared.</param>
    /// <param name="name">The name in it that is at fault.</param>
    /// <param name="others">Names that stand beside it.</param>
    public static string ForPath(
        JsonHeadResult result, string property, string name, IReadOnlyList<string> others, bool isPersonal)
    {
        string path = property == name ? "" : $" of dialect.property (\"{Excerpt.Of(property)}\")";
        string beside = isPersonal || others.Count == 0 ? "" : $" It has {Quoted(others)}.";
        return result switch
        {
            JsonHeadResult.Missing => $"The document has no \"{Excerpt.Of(name)}\"{path}.{beside}",
            JsonHeadResult.NoArray => $"\"{Excerpt.Of(name)}\"{path} is no array: the records must stand in one.",
            _ => $"The document, or what stands in it before \"{Excerpt.Of(name)}\"{path}, is no object: for an array of records leave "
                + "dialect.property out.",
        };
    }

    private static string Quoted(IEnumerable<string> names) =>
        string.Join(", ", names.Select(name => $"\"{Excerpt.Of(name)}\""));

    private static List<string> ArraysIn(ReadOnlySpan<byte> bytes)
    {
        Utf8JsonReader reader = new(bytes, isFinalBlock: false, default);
        List<string> names = [];
        string name = "";
        try
        {
            while (reader.Read() && names.Count < NamesMax)
            {
                if (reader.TokenType == JsonTokenType.PropertyName && reader.CurrentDepth == 1)
                {
                    name = Encoding.UTF8.GetString(reader.ValueSpan);
                }
                else if (reader.TokenType == JsonTokenType.StartArray && reader.CurrentDepth == 1)
                {
                    names.Add(name);
                }
            }
        }
        catch (JsonException)
        {
            // What comes before is as good as ever.
        }

        return names;
    }
}
