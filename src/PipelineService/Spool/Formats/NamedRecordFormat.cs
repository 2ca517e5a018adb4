using System.Collections.Immutable;
using PipelineService.Core.Datasets;
using PipelineService.Core.Encoding;
using PipelineService.Core.Parsing;
using PipelineService.Core.Parsing.Csv;
using PipelineService.Core.Rejects;
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
    /// Whether a name that the schema does not know may be personal data: where names are expected and there are none, the first record
    /// is taken for them.
    /// </summary>
    protected bool IsPersonal => !Rows.Hidden.IsEmpty;

    /// <summary>The names as the job keeps them. One that the schema does not know is cut: it may be as long as a record.</summary>
    /// <param name="names">All of them.</param>
    /// <param name="binding">What reads them.</param>
    /// <param name="isPersonal">Whether of such a name only the place is kept, unless it is loaded with the rest.</param>
    protected string[] Kept(ImmutableArray<string> names, HeaderBinding binding, bool isPersonal)
    {
        HashSet<int> known = [.. binding.FieldOfColumn];
        HashSet<int> loaded = [.. Rows.HidesRest ? [] : binding.Rest.Select(cell => cell.Field)];
        ImmutableArray<string> own = RejectHeader.OwnNames(Rows.Definition.Schema);
        return
        [
            .. names.Select((name, i) => known.Contains(i) || own.Contains(name) ? name
                : !isPersonal || loaded.Contains(i) ? Excerpt.Cut(name, KeptNameLengthMax)
                : HiddenMark.OfName(i + 1)),
        ];
    }

    /// <summary>Matches names with the schema.</summary>
    /// <param name="otherwise">What to do where nothing is likely.</param>
    protected HeaderBinding Bind(ImmutableArray<string> names, bool isPersonal, string otherwise = "")
    {
        TableSchema schema = Rows.Definition.Schema;
        if (HeaderBinding.ByName(names, schema, out string? fault, isPersonal: isPersonal) is { } binding)
        {
            return binding;
        }

        string advice = HeaderAdvice.For(names, schema, isPersonal);
        throw Mismatch($"{fault} {(advice.Length == 0 ? otherwise : advice)}".TrimEnd());
    }

    protected static JobFaultException Mismatch(string detail) => new(new Problem
    {
        Code = "header_mismatch",
        Status = StatusCodes.Status422UnprocessableEntity,
        Title = "The header does not fit the dataset's schema.",
        Detail = detail,
    });
}
