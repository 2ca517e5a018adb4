using System.Globalization;
using System.Text;
using System.Text.Json;

namespace PipelineService.Datasets.Definitions;

/// <summary>JSON pointers (RFC 6901): how a fault names its place in the client's document.</summary>
internal static class JsonPointer
{
    public static string Append(string pointer, string name) =>
        $"{pointer}/{name.Replace("~", "~0", StringComparison.Ordinal).Replace("/", "~1", StringComparison.Ordinal)}";

    public static string Append(string pointer, int index) =>
        string.Create(CultureInfo.InvariantCulture, $"{pointer}/{index}");

    /// <summary>
    /// The place that a validator means: <c>Schema.Fields[3].SqlType</c> → <c>/schema/fields/3/sqlType</c>. It works
    /// because the properties of a definition are called as in JSON, first letter apart.
    /// </summary>
    public static string FromPropertyPath(string path)
    {
        var pointer = new StringBuilder();
        foreach (string step in path.Split(['.', '['], StringSplitOptions.RemoveEmptyEntries))
        {
            pointer.Append('/').Append(JsonNamingPolicy.CamelCase.ConvertName(step.TrimEnd(']')));
        }

        return pointer.ToString();
    }
}
