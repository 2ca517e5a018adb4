using System.Collections.Immutable;
using System.Globalization;
using PipelineService.Core.Rules;

namespace PipelineService.Core.Parsing.Json;

/// <summary>
/// The paths of fields whose values stand deeper in a record, laid together: an object that several of them lead through is walked
/// once. Every value on the way has a slot, so that a name that comes twice is told there too.
/// </summary>
/// <remarks>Immutable, shared by all workers. Other members of an object that a path leads through are passed over.</remarks>
internal sealed class JsonPathTree
{
    private readonly List<Node> _roots = [];

    /// <summary>A value that paths lead through or to.</summary>
    private sealed class Node(byte[] name, int slot)
    {
        /// <summary>Under which name it stands; without escapes.</summary>
        public byte[] Name { get; } = name;

        public int Slot { get; } = slot;

        /// <summary>The first field that it is read for, as index in the schema; −1 where it is read for something else.</summary>
        public int Field { get; set; } = -1;

        /// <summary>At which place of an array it stands; −1 when its name is none.</summary>
        public int Index { get; init; } = -1;

        public List<Node> Children { get; } = [];
    }

    /// <param name="slotsBefore">Slots that others use.</param>
    public JsonPathTree(int slotsBefore) => SlotsEnd = slotsBefore;

    /// <summary>The number behind the last slot.</summary>
    public int SlotsEnd { get; private set; }

    public bool IsEmpty => _roots.Count == 0;

    /// <summary>Adds a path.</summary>
    /// <param name="names">The names of it.</param>
    /// <param name="field">The field that it leads to, as index in the schema; −1 for something else.</param>
    /// <param name="rootSlot">The slot of the value under its first name, where others read that; −1 for one of its own.</param>
    /// <returns>The slot in which its value will be.</returns>
    public int Add(ImmutableArray<string> names, int field, int rootSlot = -1)
    {
        List<Node> siblings = _roots;
        Node? node = null;
        foreach (string name in names)
        {
            byte[] utf8 = System.Text.Encoding.UTF8.GetBytes(name);
            Node? known = siblings.Find(sibling => sibling.Name.AsSpan().SequenceEqual(utf8));
            if (known is null)
            {
                known = new Node(utf8, siblings == _roots && rootSlot >= 0 ? rootSlot : SlotsEnd++)
                {
                    Index = int.TryParse(name, NumberStyles.None, CultureInfo.InvariantCulture, out int index)
                        && index.ToString(CultureInfo.InvariantCulture) == name ? index : -1,
                };
                siblings.Add(known);
            }

            known.Field = known.Field < 0 ? field : known.Field;
            (node, siblings) = (known, known.Children);
        }

        return node!.Slot;
    }

    /// <summary>Finds the values below those that are read already: those of the first names.</summary>
    /// <param name="json">The bytes up to the end of the record; well-formed.</param>
    /// <param name="slots">Has those values and takes the others; these are all absent before.</param>
    /// <param name="values">Has scratch for names with escapes.</param>
    /// <param name="rejects">Takes errors of single fields.</param>
    public void Read(ReadOnlySpan<byte> json, Span<RecordValue> slots, RecordValues values, RejectBuffer rejects)
    {
        foreach (Node root in _roots)
        {
            Descend(json, root, slots, values, rejects);
        }
    }

    /// <summary>Finds all values in an object.</summary>
    /// <param name="start">Where the object begins.</param>
    /// <inheritdoc cref="Read" path="/param"/>
    public void ReadObject(ReadOnlySpan<byte> json, int start, Span<RecordValue> slots, RecordValues values, RejectBuffer rejects) =>
        ReadMembers(json, start, _roots, slots, values, rejects);

    private static void Descend(ReadOnlySpan<byte> json, Node node, Span<RecordValue> slots, RecordValues values, RejectBuffer rejects)
    {
        RecordValue value = slots[node.Slot];
        if (node.Children.Count == 0 || value.IsMissing)
        {
            return;
        }

        if (value.Kind == ValueKind.Object)
        {
            ReadMembers(json, value.Start, node.Children, slots, values, rejects);
        }
        else if (value.Kind == ValueKind.Array && node.Children.Exists(child => child.Index >= 0))
        {
            ReadItems(json, value.Start, node.Children, slots, values, rejects);
        }
        else
        {
            rejects.AddError(ErrorOf(node, RecordErrorCode.TypeMismatch, value));
        }
    }

    private static void ReadMembers(
        ReadOnlySpan<byte> json, int start, List<Node> nodes, Span<RecordValue> slots, RecordValues values, RejectBuffer rejects)
    {
        int position = JsonGrammar.EndOfBlanks(json, start + 1);
        while (json[position] != '}')
        {
            int name = position + 1;
            position = JsonGrammar.EndOfName(json, position, out int length, out bool isEscaped);
            Node? node = Find(json.Slice(name, length), isEscaped, nodes, values);
            position = JsonValues.Read(json, position, out RecordValue value);
            if (node is not null)
            {
                Take(json, node, value, slots, values, rejects);
            }

            position = JsonGrammar.EndOfBlanks(json, position);
            position = json[position] == ',' ? JsonGrammar.EndOfBlanks(json, position + 1) : position;
        }
    }

    private static void ReadItems(
        ReadOnlySpan<byte> json, int start, List<Node> nodes, Span<RecordValue> slots, RecordValues values, RejectBuffer rejects)
    {
        int last = 0;
        foreach (Node node in nodes)
        {
            last = Math.Max(last, node.Index);
        }

        int position = JsonGrammar.EndOfBlanks(json, start + 1);
        for (int index = 0; index <= last && json[position] != ']'; index++)
        {
            position = JsonValues.Read(json, position, out RecordValue value);
            foreach (Node node in nodes)
            {
                if (node.Index == index)
                {
                    Take(json, node, value, slots, values, rejects);
                }
            }

            position = JsonGrammar.EndOfBlanks(json, position);
            position = json[position] == ',' ? JsonGrammar.EndOfBlanks(json, position + 1) : position;
        }
    }

    private static void Take(
        ReadOnlySpan<byte> json, Node node, RecordValue value, Span<RecordValue> slots, RecordValues values, RejectBuffer rejects)
    {
        if (slots[node.Slot].Kind != ValueKind.Absent)
        {
            rejects.AddError(ErrorOf(node, RecordErrorCode.DuplicateField, value));
            return;
        }

        slots[node.Slot] = value;
        Descend(json, node, slots, values, rejects);
    }

    private static Node? Find(ReadOnlySpan<byte> name, bool isEscaped, List<Node> nodes, RecordValues values)
    {
        if (isEscaped)
        {
            Span<byte> scratch = values.ScratchFor(name.Length);
            if (!JsonEscape.TryUnescape(name, scratch, out int length))
            {
                return null;
            }

            name = scratch[..length];
        }

        foreach (Node node in nodes)
        {
            if (name.SequenceEqual(node.Name))
            {
                return node;
            }
        }

        return null;
    }

    private static RecordError ErrorOf(Node node, RecordErrorCode code, RecordValue value) => new(
        node.Field < 0 ? RecordError.WholeRecord : (short)node.Field, code, value.Start, value.Length, value.Spelling);
}
