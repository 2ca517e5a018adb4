using PipelineService.Core.Parsing;
using PipelineService.Core.Parsing.Json;
using PipelineService.Core.Rules;

namespace PipelineService.Core.Transforms.Steps.Text;

/// <summary>Where a name stands in the text, without its quotation marks.</summary>
internal readonly record struct MemberName(int Start, int Length);

/// <summary>
/// One walk over an object that is known to be well-formed. The name of a member is put together in a buffer; one that does not fit is
/// no name that is looked for.
/// </summary>
internal ref struct FlattenWalk(
    FlattenPlan plan, OpenRecord record, ReadOnlySpan<byte> json, RecordValue whole, Span<byte> name, Span<MemberName> path)
{
    private readonly OpenRecord _record = record;
    private readonly ReadOnlySpan<byte> _json = json;
    private readonly Span<byte> _name = name;
    private readonly Span<MemberName> _path = path;
    private Span<byte> _rest;
    private long _restLength;
    private bool _isWriting;

    /// <summary>Gives each member to its field, and measures those that have none.</summary>
    /// <param name="start">Where the object begins.</param>
    public RecordErrorCode GiveMembers(int start) => Walk(start, level: 0, nameLength: 0);

    /// <summary>Makes an object of the members that no field takes; there is no value when there are none.</summary>
    /// <param name="start">Where the object begins.</param>
    public RecordErrorCode WriteRest(int start)
    {
        if (_restLength == 0)
        {
            return RecordErrorCode.None;
        }

        if (!_record.TryMakeRoom(_restLength + 1, out _rest))
        {
            return RecordErrorCode.ResultTooLong;
        }

        (_isWriting, _restLength) = (true, 0);
        RecordErrorCode code = Walk(start, level: 0, nameLength: 0);
        Append("}"u8);
        _record.KeepJson(plan.RestField, (int)_restLength, ValueKind.Object);
        return code;
    }

    /// <param name="start">Where the object begins.</param>
    /// <param name="level">In how many others it is.</param>
    /// <param name="nameLength">Bytes of the names that lead to it; more than fit: none is looked for.</param>
    private RecordErrorCode Walk(int start, int level, int nameLength)
    {
        int position = JsonGrammar.EndOfBlanks(_json, start + 1);
        RecordErrorCode code = RecordErrorCode.None;
        while (_json[position] != '}' && code == RecordErrorCode.None)
        {
            int value = JsonGrammar.EndOfName(_json, position, out int length, out bool isEscaped);
            int end = JsonGrammar.EndOfValue(_json, value, depth: 0);
            _path[level] = new MemberName(position + 1, length);
            int full = Join(nameLength, level, _path[level], isEscaped);
            int field = full <= _name.Length ? plan.FieldOf(_name[..full]) : -1;
            code = field >= 0 ? Give(field, value, end)
                : _json[value] == '{' && level + 1 < plan.Depth ? Walk(value, level + 1, full)
                : AppendMember(level, value, end);
            position = JsonGrammar.EndOfBlanks(_json, end);
            position = _json[position] == ',' ? JsonGrammar.EndOfBlanks(_json, position + 1) : position;
        }

        return code;
    }

    /// <summary>Puts a name behind those that lead to it.</summary>
    /// <returns>Bytes of all; more than there is room for when they do not fit.</returns>
    private readonly int Join(int nameLength, int level, MemberName member, bool isEscaped)
    {
        int separator = level == 0 ? 0 : plan.Separator.Length;
        ReadOnlySpan<byte> written = _json.Slice(member.Start, member.Length);
        if ((long)nameLength + separator + written.Length > _name.Length)
        {
            return _name.Length + 1;
        }

        plan.Separator.AsSpan(0, separator).CopyTo(_name[nameLength..]);
        nameLength += separator;
        int length = written.Length;
        if (isEscaped && !JsonEscape.TryUnescape(written, _name[nameLength..], out length))
        {
            return _name.Length + 1;
        }

        if (!isEscaped)
        {
            written.CopyTo(_name[nameLength..]);
        }

        return nameLength + length;
    }

    private readonly RecordErrorCode Give(int field, int start, int end)
    {
        if (_isWriting)
        {
            return RecordErrorCode.None;
        }

        if (_record.KindOf(field) != ValueKind.Absent)
        {
            return RecordErrorCode.DuplicateField;
        }

        if (_json[start] != '"')
        {
            _record.SetPart(field, whole, start, end - start, JsonValues.KindOf(_json[start]));
            return RecordErrorCode.None;
        }

        ReadOnlySpan<byte> written = _json[(start + 1)..(end - 1)];
        if (written.IndexOf((byte)'\\') < 0)
        {
            _record.SetPart(field, whole, start + 1, written.Length, ValueKind.Text);
            return RecordErrorCode.None;
        }

        if (!_record.TryMakeRoom(written.Length, out Span<byte> room))
        {
            return RecordErrorCode.ResultTooLong;
        }

        bool isText = JsonEscape.TryUnescape(written, room, out int length);
        _record.Keep(field, length);
        return isText ? RecordErrorCode.None : RecordErrorCode.InvalidUtf8;
    }

    /// <summary>A member for the rest, under all the names that lead to it.</summary>
    private RecordErrorCode AppendMember(int level, int start, int end)
    {
        if (plan.RestField < 0)
        {
            return RecordErrorCode.None;
        }

        Append(_restLength == 0 ? "{\""u8 : ",\""u8);
        for (int i = 0; i <= level; i++)
        {
            Append(i == 0 ? [] : plan.WrittenSeparator);
            Append(_json.Slice(_path[i].Start, _path[i].Length));
        }

        Append("\":"u8);
        Append(_json[start..end]);
        return RecordErrorCode.None;
    }

    private void Append(ReadOnlySpan<byte> text)
    {
        if (_isWriting)
        {
            text.CopyTo(_rest[(int)_restLength..]);
        }

        _restLength += text.Length;
    }
}
