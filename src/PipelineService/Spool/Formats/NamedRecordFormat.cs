using System.Collections.Immutable;
using PipelineService.Core.Encoding;
using PipelineService.Core.Rules;
using PipelineService.Hosting;
using PipelineService.Hosting.Http;

namespace PipelineService.Spool.Formats;

/// <summary>Data whose values have no names beside them: they are named once, before the first record or by the dataset.</summary>
public abstract class NamedRecordFormat(RowPlan rows, int recordBytesMax) : RecordFormat(rows, recordBytesMax)
{
    /// <summary>Characters of a name that is not loaded.</summary>
    private const int KeptNameLengthMax = 256;

    /// <summary>
    /// The names as the job keeps them. One that no field reads is cut: it may be as long as a record.
    /// </summary>
    protected string[] Kept(ImmutableArray<string> names)
    {
        HashSet<string> read = [.. Rows.Definition.Schema.FieldsInData.Select(field => field.NameInData)];
        return [.. names.Select(name => read.Contains(name) ? name : Excerpt.Cut(name, KeptNameLengthMax))];
    }

    protected static JobFaultException Mismatch(string detail) => new(new Problem
    {
        Code = "header_mismatch",
        Status = StatusCodes.Status422UnprocessableEntity,
        Title = "The header does not fit the dataset's schema.",
        Detail = detail,
    });
}
