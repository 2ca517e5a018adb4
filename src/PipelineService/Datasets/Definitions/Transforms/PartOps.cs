using System.Collections.Immutable;
using System.Text;
using PipelineService.Core.Datasets.Transforms;
using PipelineService.Core.Rules;

namespace PipelineService.Datasets.Definitions.Transforms;

/// <summary>Reads the ops that make several fields of one, or one of several.</summary>
internal static class PartOps
{
    public static TransformOp ReadSplit(OpReader op) => new SplitOp
    {
        Fields = op.Field(),
        Separator = op.FilledText("separator", "the text between the parts"),
        Sets = op.Into(),
    };

    public static TransformOp ReadFlatten(OpReader op)
    {
        string separator = op.Json.Text("separator") ?? "_";
        if (separator.Length == 0)
        {
            op.Json.Fault("separator", "Must not be empty.");
        }

        ImmutableArray<string> fields = op.Field();
        string field = fields.IsEmpty ? "" : fields[0];
        ImmutableArray<SetField> into = op.IntoOf(name => FlattenOp.MemberOf(name, field, separator), out ImmutableArray<string> members);
        CheckMembers(op, members);
        SetField? rest = op.Rest();
        if (into.IsEmpty && rest is null && !op.Json.TryGet("into", out _))
        {
            op.Json.Fault("into", $"Is missing: the fields that take the members, such as [\"{field}{separator}city\"].");
        }

        return new FlattenOp
        {
            Fields = fields,
            Separator = separator,
            Depth = op.Count("depth", 1, FlattenOp.DepthMax, otherwise: FlattenOp.DepthMax),
            Members = members,
            Rest = rest?.Name,
            Sets = rest is null ? into : into.Add(rest),
        };
    }

    private static void CheckMembers(OpReader op, ImmutableArray<string> members)
    {
        for (int i = 0; i < members.Length; i++)
        {
            if (Encoding.UTF8.GetByteCount(members[i]) > FlattenOp.MemberBytesMax)
            {
                op.Fault(op.SetPointers[i].Name, $"Takes a member whose name is longer than {FlattenOp.MemberBytesMax} bytes.");
            }
            else if (members.IndexOf(members[i]) < i)
            {
                op.Fault(op.SetPointers[i].Name, $"Takes \"{Excerpt.Of(members[i])}\", which goes to another field already.");
            }
        }
    }

    public static TransformOp ReadConcat(OpReader op) => new ConcatOp
    {
        Fields = op.Fields(),
        Separator = op.Json.Text("separator") ?? "",
        Sets = op.Set(),
    };
}
